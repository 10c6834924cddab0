"""The fault event: a record, and what went wrong with it in which pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

from cdk_streamer_runtime.contract.streams import FAULT_TYPE
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.faults.redaction import Redacted, Redaction
from cdk_streamer_runtime.streams.faults.trimming import shortened, trimmed
from cdk_streamer_runtime.streams.faults.wording import Wording, wording_of
from cdk_streamer_runtime.streams.json_text import Json, is_object
from cdk_streamer_runtime.streams.outcome import Undecodable, digest
from cdk_streamer_runtime.streams.uow import UnitOfWork

# EventBridge takes entries of 256 KB, and counts source and type too; the envelope that a rule
# makes of it must fit into a message of the fault queue.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
FAULT_BYTES = 240 * 1024
_HITS = 20
_MESSAGE = 200  # characters of each hit's message where room is short
_POINTER = 1024  # characters of what says where a record stands; longer ones are none


class Hit(TypedDict):
    """Where an error was met."""

    pipeline: str
    step: str
    message: str


class Original(TypedDict):
    """Where the record waits as it was, for who may read the bucket."""

    claimCheck: dict[str, Any]


class FaultEvent(TypedDict):
    """A fault as it is published; `original` is there if `record` is redacted or omitted."""

    id: str
    type: str
    timestamp: int
    partitionKey: str
    tags: Mapping[str, str]
    err: Wording
    pipelines: list[str]
    hits: list[Hit]
    function: str
    source: str
    record: Json
    uow: dict[str, Json]
    redacted: NotRequired[bool]
    omitted: NotRequired[list[str]]
    original: NotRequired[Original]


@dataclass(slots=True, kw_only=True)
class Draft:
    """What one record met of one kind of error, in all pipelines."""

    id: str
    of: UnitOfWork | Undecodable
    scope: Mapping[str, Any]
    first: Failure
    hits: dict[tuple[str, str], Failure] = field(default_factory=dict[tuple[str, str], Failure])
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def record(self) -> Json:
        """The record, as Lambda handed it over."""
        return self.of.record

    def fault(
        self, redaction: Redaction, *, tags: Mapping[str, str], function: str, now: int
    ) -> FaultEvent:
        """Give the event, with its record whole or redacted, whatever it takes."""
        of = self.of
        uow = trimmed(of, self.scope) if isinstance(of, UnitOfWork) else {}
        shown = redaction.of_fault(of.record, uow)
        key = of.event.partition_key if isinstance(of, UnitOfWork) else of.id
        event = FaultEvent(
            id=self.id,
            type=FAULT_TYPE,
            timestamp=now,
            partitionKey=(shown.key(key) if len(key) <= _POINTER else None) or digest(key),
            tags=tags,
            err=_redacted(wording_of(self.first), shown),
            pipelines=list(dict.fromkeys(pipeline for pipeline, _ in self.hits if pipeline)),
            hits=[
                Hit(
                    pipeline=pipeline,
                    step=step,
                    message=shown.message(wording_of(failure)["message"]),
                )
                for (pipeline, step), failure in list(self.hits.items())[:_HITS]
            ],
            function=function,
            source=source_of(of.record),
            record=shown.record,
            uow=shortened(shown.uow),
        )
        if shown.changed:
            event["redacted"] = True
        return event


def text_of(event: FaultEvent) -> str | None:
    """Give the JSON text of a fault; None if it is too large, or its record is no JSON."""
    try:
        text = encode(event)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if size(text) <= FAULT_BYTES else None


def reduced(event: FaultEvent) -> FaultEvent:
    """Give a fault that tells where its record stands instead of showing it."""
    shown = FaultEvent(**event)
    shown["record"] = _reference(event["record"])
    shown["omitted"] = ["record"]
    return shown


def bare(event: FaultEvent) -> FaultEvent:
    """Give a reduced fault without its unit of work, which is within any limit."""
    shown = FaultEvent(**event)
    shown["uow"], shown["omitted"] = {}, ["record", "uow"]
    shown["hits"] = [
        Hit(pipeline=hit["pipeline"], step=hit["step"], message=hit["message"][:_MESSAGE])
        for hit in event["hits"]
    ]
    return shown


def source_of(record: Json) -> str:
    """Give the ARN of what a record comes from, if it says it; the service otherwise."""
    if not is_object(record):
        return ""
    for name in ("eventSourceARN", "EventSubscriptionArn", "eventSource", "EventSource", "source"):
        if isinstance(found := record.get(name), str):
            return found
    return ""


def _redacted(wording: Wording, shown: Redacted) -> Wording:
    return Wording(
        name=wording["name"],
        message=shown.message(wording["message"]),
        stack=wording["stack"],
        causes=[shown.message(cause) for cause in wording["causes"]],
    )


def _reference(record: Json) -> Json:
    if not is_object(record):
        return {}
    names = ("eventID", "eventName", "eventSource", "eventSourceARN", "messageId", "id", "source")
    kept = {name: record[name] for name in names if isinstance(record.get(name), str)}
    for part in ("kinesis", "dynamodb", "Sns"):
        inner = record.get(part)
        if is_object(inner):
            pointers = ("sequenceNumber", "SequenceNumber", "MessageId")
            kept[part] = {name: inner[name] for name in pointers if name in inner}
    return {name: value for name, value in kept.items() if len(str(value)) <= _POINTER}
