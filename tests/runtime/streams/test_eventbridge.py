"""EventBridge, its schedules, and alarms as sources."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.sources.alarms import (
    from_alarm,
    from_sns_alarm,
    to_alarm_event,
    to_sns_alarm_records,
)
from cdk_streamer_runtime.streams.sources.cron import from_cron, to_cron_event
from cdk_streamer_runtime.streams.sources.eventbridge import (
    from_eventbridge,
    from_sqs_eventbridge,
    to_eventbridge_event,
    to_sqs_eventbridge_records,
)
from tests.runtime.streams.documented import (
    ALARM,
    ALARM_CHANGED,
    ALARM_NOTIFIED,
    CRON,
    EVENTBRIDGE,
    SQS,
    in_sns,
    in_sqs,
)
from tests.runtime.streams.records import EVENTS, JSON, MOMENTS, NAMES, events, fault, few, only

TAGS = st.fixed_dictionaries({"account": NAMES, "region": NAMES, "source": NAMES})
WHERE = st.fixed_dictionaries({"account": NAMES, "region": NAMES})
SERVICES = st.fixed_dictionaries(
    {
        "id": NAMES,
        "type": NAMES,
        "timestamp": MOMENTS,
        "partitionKey": NAMES,
        "tags": TAGS,
        "detail": st.dictionaries(NAMES.filter(lambda name: name != "type"), JSON, max_size=3),
    }
).map(Event)
ALARMS = st.fixed_dictionaries(
    {
        "timestamp": MOMENTS,
        "tags": WHERE,
        "alarm": st.fixed_dictionaries(
            {
                "name": NAMES,
                "arn": NAMES,
                "state": st.sampled_from(["ALARM", "OK", "INSUFFICIENT_DATA"]),
            },
            optional={"reason": NAMES, "previousState": st.sampled_from(["ALARM", "OK"])},
        ),
    }
)
ARN = "arn:aws:cloudwatch:us-east-1:444455556666:alarm:lambda-demo-metric-alarm"
RULE = "arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"


# --- EventBridge


@few
@given(EVENTS | SERVICES)
def test_what_was_put_on_the_bus_is_what_is_read(event):
    assert events(from_eventbridge(to_eventbridge_event(event))) == [event]


@few
@given(st.lists(EVENTS | SERVICES, max_size=3))
def test_a_queue_behind_the_bus_makes_no_difference(put):
    assert events(from_sqs_eventbridge(to_sqs_eventbridge_records(put))) == put


def test_an_event_of_a_service_is_read_as_it_is():
    uow = only(from_eventbridge(EVENTBRIDGE))
    assert uow.event == {
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "type": "EC2 Instance State-change Notification",
        "timestamp": 1513968228000,
        "partitionKey": "arn:aws:ec2:us-west-1:111122223333:instance/i-1234567890abcdef0",
        "tags": {"account": "111122223333", "region": "us-west-1", "source": "aws.ec2"},
        "detail": EVENTBRIDGE["detail"],
    }
    assert uow.place.id == uow.event.id


def test_a_service_may_have_a_type_of_its_own_in_its_detail():
    detail = {"type": "planned", "id": 5}
    event = only(from_eventbridge({**EVENTBRIDGE, "detail": detail})).event
    assert (event.type, event["detail"]) == (EVENTBRIDGE["detail-type"], detail)


def test_what_an_event_does_not_say_the_envelope_says():
    ours = {**EVENTBRIDGE, "detail-type": "thing-created", "detail": {"type": "thing-created"}}
    event = only(from_eventbridge(ours)).event
    assert (event.id, event.timestamp) == (EVENTBRIDGE["id"], 1513968228000)


def test_the_message_keeps_its_place():
    place = only(from_sqs_eventbridge(in_sqs(EVENTBRIDGE))).place
    assert place.item == "message-0"


def test_a_message_without_an_envelope_is_undecodable():
    assert fault(from_sqs_eventbridge(SQS)).id == SQS["Records"][0]["messageId"]


# --- schedules


def test_a_schedule_says_who_and_when():
    assert only(from_cron(CRON)).event == {
        "id": f"{RULE}/2015-10-08T16:53:06Z",
        "type": "cron-fired",
        "timestamp": 1444323186000,
        "partitionKey": RULE,
        "tags": {"account": "123456789012", "region": "us-east-1", "source": "aws.events"},
        "cron": {"schedule": RULE, "time": "2015-10-08T16:53:06Z"},
    }


def test_the_same_time_has_the_same_id_though_eventbridge_calls_twice():
    again = {**CRON, "id": "another"}
    assert only(from_cron(CRON)).event == only(from_cron(again)).event


@few
@given(MOMENTS, NAMES, TAGS)
def test_a_firing_for_tests_is_read_as_it_was_meant(moment, name, tags):
    (event,) = events(from_cron(to_cron_event({"timestamp": moment, "tags": tags})))
    assert (event.timestamp, event.tags) == (moment, tags)
    assert events(from_cron(to_cron_event(event), event_type=name)) == [{**event, "type": name}]


@pytest.mark.parametrize("event", [{"job": "nightly"}, {}, [], None, "text", EVENTBRIDGE])
def test_a_schedule_with_an_input_of_its_own_says_neither(event):
    reason = "it is no scheduled event; leave the schedule without an input"
    assert fault(from_cron(event)).reason == reason


# --- alarms

CHANGED = {
    "id": f"{ARN}/2023-08-04T12:36:15.490Z/ALARM",
    "type": "alarm-alarm",
    "timestamp": 1691152575490,
    "partitionKey": ARN,
    "tags": {"account": "444455556666", "region": "us-east-1"},
    "alarm": {
        "name": "lambda-demo-metric-alarm",
        "arn": ARN,
        "state": "ALARM",
        "reason": "test",
        "previousState": "INSUFFICIENT_DATA",
    },
}


def test_an_alarm_is_the_same_however_cloudwatch_tells_it():
    assert only(from_alarm(ALARM)).event == CHANGED
    assert only(from_alarm(ALARM_CHANGED)).event == CHANGED
    assert only(from_sns_alarm(in_sns(ALARM_NOTIFIED))).event == CHANGED


@few
@given(ALARMS)
def test_what_an_alarm_said_is_what_is_read(said):
    (event,) = events(from_alarm(to_alarm_event(said)))
    assert {name: event[name] for name in said} == said
    assert events(from_alarm(to_alarm_event(event))) == [event]


@few
@given(st.lists(ALARMS, max_size=3))
def test_what_an_alarm_said_to_a_topic_is_what_is_read(said):
    found = events(from_sns_alarm(to_sns_alarm_records(said)))
    assert [event["alarm"] for event in found] == [each["alarm"] for each in said]
    assert events(from_sns_alarm(to_sns_alarm_records(found))) == found


def test_each_series_of_an_alarm_has_an_id_of_its_own():
    data = {**ALARM["alarmData"], "alarmContributor": {"id": "series-1", "attributes": {}}}
    event = only(from_alarm({**ALARM, "alarmData": data})).event
    assert event.id == f"{CHANGED['id']}/series-1"
    assert events(from_alarm(to_alarm_event(event))) == [event]


def test_that_an_alarm_was_deleted_is_an_event_of_the_service():
    deleted = {**ALARM_CHANGED, "detail-type": "CloudWatch Alarm Configuration Change"}
    assert only(from_alarm(deleted)).event.type == "CloudWatch Alarm Configuration Change"


def test_a_state_that_alarms_do_not_have_is_undecodable():
    outcome = fault(from_sns_alarm(in_sns({**ALARM_NOTIFIED, "NewStateValue": "PANIC"})))
    assert outcome.reason == "an alarm is in one of ALARM, OK and INSUFFICIENT_DATA"
