"""What a sink's author is given: one message, as whoever sent it meant it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, ORIGIN_ATTRIBUTE, REASON_ATTRIBUTE
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.errors import Permanent

OURS = frozenset({KEY_ATTRIBUTE, REASON_ATTRIBUTE, ORIGIN_ATTRIBUTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkRecord:
    """One message, of which there may be duplicates: all have the same `key`.

    Give that key to the downstream, where it matters that a message takes effect once. `attempt`
    counts how often it was received, from 1: also when it was handed back without being tried.
    """

    id: str
    key: str
    body: str
    attributes: Mapping[str, str | bytes]
    group: str | None
    sent_at: datetime
    attempt: int

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The body as JSON; raises Permanent when it is none."""
        try:
            return decode(self.body)
        except ValueError as error:
            raise Permanent("the body is not JSON") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A record, and the event's own words for it."""

    record: SinkRecord
    receipt: str
    attributes: Mapping[str, Mapping[str, Any]]  # with types, the library's among them

    @property
    def id(self) -> str:
        """The message's id."""
        return self.record.id

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Message:
        """Read a message of an SQS event."""
        told: Mapping[str, Mapping[str, Any]] = record.get("messageAttributes") or {}
        receipt = record["receiptHandle"]
        return cls(record=_record(record, told), receipt=receipt, attributes=told)


def _record(record: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]) -> SinkRecord:
    system: Mapping[str, str] = record["attributes"]
    told = {name: _value(each) for name, each in attributes.items()}
    names = (
        told.get(KEY_ATTRIBUTE),
        system.get("MessageDeduplicationId"),
        told.get(ORIGIN_ATTRIBUTE),
        record["messageId"],
    )
    return SinkRecord(
        id=record["messageId"],
        key=next(str(name) for name in names if name),
        body=record["body"],
        attributes={name: value for name, value in told.items() if name not in OURS},
        group=system.get("MessageGroupId"),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        attempt=int(system["ApproximateReceiveCount"]),
    )


def _value(attribute: Mapping[str, Any]) -> str | bytes:
    """Give a text, also of a number, or bytes."""
    if attribute["dataType"].startswith("Binary"):
        return base64.b64decode(attribute["binaryValue"])
    return str(attribute["stringValue"])
