"""CloudWatch alarms: that one has changed its state, however CloudWatch tells it.

The id is the alarm's ARN, the moment of the change and the new state, and of an alarm for many
series that series: the same for an alarm action, a rule of EventBridge and a topic. The type is
`alarm-` and the state: `alarm-alarm`, `alarm-ok`, `alarm-insufficient-data`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Decode, Json, Malformed, decode_json, text_of
from cdk_streamer_runtime.streams.moments import iso, milliseconds
from cdk_streamer_runtime.streams.outcome import Outcome, outcomes, records_of
from cdk_streamer_runtime.streams.place import NOWHERE, Place
from cdk_streamer_runtime.streams.sources.eventbridge import enveloped
from cdk_streamer_runtime.streams.sources.sns import (
    message_of,
    notification_place,
    to_notifications,
)
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

CHANGES = ("CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change")
_STATES = {
    "ALARM": "alarm-alarm",
    "OK": "alarm-ok",
    "INSUFFICIENT_DATA": "alarm-insufficient-data",
}


def from_alarm(event: Json) -> Iterator[Outcome]:
    """Give the one outcome of an alarm action or of a rule of EventBridge.

    The entity is `alarm`: `name, arn, state, reason, previousState`. A rule's other events, such
    as an alarm that was deleted, are as those of any service.
    """
    return outcomes([event], lambda _: NOWHERE, _read)


def from_sns_alarm(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcome of each notification of a topic that is an alarm's action."""

    def read(record: Json, place: Place) -> UnitOfWork:
        return unit_of_work(record, _notified(decode(message_of(record["Sns"]))), place)

    return outcomes(records_of(event), notification_place, read)


def _read(event: Json, _: Place) -> UnitOfWork:
    if "alarmData" in event:
        alarm = _changed(event["alarmData"], event["alarmArn"], event["accountId"], event["region"])
    elif event["detail-type"] in CHANGES:
        arn, account = event["resources"][0], event["account"]
        alarm = _changed(event["detail"], arn, account, event["region"])
    else:
        alarm = enveloped(event)
    return unit_of_work(event, alarm, Place(alarm.id, None, None, None))


def _changed(data: Json, arn: Json, account: Json, region: Json) -> Event:
    state = data["state"]
    previous: Json = data.get("previousState") or {}
    series: Json = data.get("alarmContributor") or {}
    return _event(
        {
            "name": text_of(data, "alarmName"),
            "arn": arn,
            "state": state["value"],
            "reason": state.get("reason"),
            "previousState": previous.get("value"),
            "contributor": series.get("id"),
        },
        milliseconds(text_of(state, "timestamp")),
        {"account": account, "region": region},
    )


def _notified(message: Json) -> Event:
    arn = text_of(message, "AlarmArn")
    return _event(
        {
            "name": text_of(message, "AlarmName"),
            "arn": arn,
            "state": message["NewStateValue"],
            "reason": message.get("NewStateReason"),
            "previousState": message.get("OldStateValue"),
        },
        milliseconds(text_of(message, "StateChangeTime")),
        # Of the region the message has but a name for people.
        {"account": message.get("AWSAccountId"), "region": (arn.split(":") + [""] * 4)[3]},
    )


def _event(alarm: dict[str, Any], moment: int, tags: dict[str, Any]) -> Event:
    state = alarm["state"]
    if state not in _STATES:
        raise Malformed("an alarm is in one of ALARM, OK and INSUFFICIENT_DATA")
    if not isinstance(alarm["arn"], str):
        raise Malformed("an alarm has an ARN")
    alarm = {name: value for name, value in alarm.items() if value is not None}
    series = f"/{alarm['contributor']}" if "contributor" in alarm else ""
    return Event(
        id=f"{alarm['arn']}/{iso(moment)}/{state}{series}",
        type=_STATES[state],
        timestamp=moment,
        partitionKey=alarm["arn"],
        tags=tags,
        alarm=alarm,
    )


def to_alarm_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give what Lambda would be called with as an alarm's action, for tests."""
    alarm = event["alarm"]
    tags: Mapping[str, Any] = event.get("tags") or {}
    moment = iso(event.get("timestamp", 0)).replace("Z", "+0000")
    state = {"value": alarm["state"], "reason": alarm.get("reason"), "timestamp": moment}
    data: dict[str, Any] = {"alarmName": alarm["name"], "state": state}
    if "previousState" in alarm:
        data["previousState"] = {"value": alarm["previousState"]}
    if "contributor" in alarm:
        data["alarmContributor"] = {"id": alarm["contributor"]}
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.get("arn", _arn(alarm)),
        "accountId": tags.get("account", "123456789012"),
        "time": moment,
        "region": tags.get("region", "us-east-1"),
        "alarmData": data,
    }


def to_sns_alarm_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for a topic, a notification an event, for tests."""
    return to_notifications(encode(_message(event)) for event in events)


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    alarm = event["alarm"]
    tags: Mapping[str, Any] = event.get("tags") or {}
    return {
        "AlarmName": alarm["name"],
        "AlarmArn": alarm.get("arn", _arn(alarm)),
        "AWSAccountId": tags.get("account", "123456789012"),
        "NewStateValue": alarm["state"],
        "NewStateReason": alarm.get("reason"),
        "OldStateValue": alarm.get("previousState"),
        "StateChangeTime": iso(event.get("timestamp", 0)).replace("Z", "+0000"),
    }


def _arn(alarm: Mapping[str, Any]) -> str:
    return f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm['name']}"
