"""Answers: which records of a batch Lambda shall give again, as each source understands it.

Streams: one sequence number; Lambda gives that record and all above it again. Queues: the ids of
messages. Everybody else knows no partial response: the invocation has to fail.
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

from cdk_streamer_runtime.errors import StreamerError
from cdk_streamer_runtime.streams.json_text import Json, is_object
from cdk_streamer_runtime.streams.outcome import Outcome, records_of


class Failed(TypedDict):
    """One entry of a partial batch response."""

    itemIdentifier: str


class Answer(TypedDict):
    """What Lambda reads as the response of an event source mapping."""

    batchItemFailures: list[Failed]


class HandedBack(StreamerError):
    """Some records have to come again, and their source can only give all of them again."""


class Response(StrEnum):
    """How a source is told which records have to come again."""

    CHECKPOINT = "checkpoint"
    MESSAGES = "messages"
    NONE = "none"


_STREAM = ""  # the only group of a stream: a batch is never of two shards
_RESPONSES = {
    "aws:kinesis": Response.CHECKPOINT,
    "aws:dynamodb": Response.CHECKPOINT,
    "aws:sqs": Response.MESSAGES,
}
_IDENTIFIERS: dict[str, Callable[[Json], Json]] = {
    "aws:kinesis": lambda record: record["kinesis"]["sequenceNumber"],
    "aws:dynamodb": lambda record: record["dynamodb"]["SequenceNumber"],
    "aws:sqs": lambda record: record["messageId"],
}


@dataclass(slots=True)
class Batch:
    """The records that Lambda gave, and how it is told which of them have to come again."""

    records: Sequence[Json]
    source: str | None
    _positions: dict[str, int] = field(default_factory=dict[str, int], init=False)

    @property
    def response(self) -> Response:
        """How its source is told."""
        return _RESPONSES.get(self.source or "", Response.NONE)

    def position(self, of: Outcome) -> int | None:
        """Give where its record stands in the batch; None if it does not say so."""
        if not self._positions:
            self._positions = {
                name: number
                for number, record in reversed(list(enumerate(self.records)))
                if (name := self._identifier(record))
            }
        found = self._positions.get(of.place.item or "")
        if found is not None:
            return found
        # What cannot be read cannot tell its place either.
        same = (at for at, record in enumerate(self.records) if record is of.record)
        return next(same, None)

    def group(self, position: int) -> str | None:
        """Give with which others the record there stays in order; None: with nobody.

        Only those come again with it, whatever order its source has beside that of the batch.
        """
        if self.response is Response.CHECKPOINT:
            return _STREAM
        return _message_group(self.records[position])

    def after(self, positions: Collection[int]) -> set[int]:
        """Give the positions of all that come again when these do."""
        if not positions:
            return set()
        if self.response is not Response.MESSAGES:
            first = min(positions) if self.response is Response.CHECKPOINT else 0
            return set(range(first, len(self.records)))
        blocked: set[str] = set()
        found: set[int] = set()
        for number, record in enumerate(self.records):
            group = _message_group(record)
            if number in positions or group in blocked:
                found.add(number)
                blocked |= {group} if group else set()
        return found

    def answer(self, positions: Collection[int]) -> Answer:
        """Give the answer after which these come again; raises HandedBack if there is none."""
        if self.response is Response.CHECKPOINT and positions:
            positions = [min(positions)]
        names = [self._identifier(self.records[number]) for number in sorted(positions)]
        if not all(names) or (names and self.response is Response.NONE):
            raise HandedBack(
                f"a batch of {len(self.records)} records has to come again as a whole: "
                "not all that failed can be named"
            )
        return {"batchItemFailures": [Failed(itemIdentifier=name) for name in names if name]}

    def _identifier(self, record: Json) -> str | None:
        try:
            name = _IDENTIFIERS[self.source or ""](record)
        except (KeyError, TypeError):
            return None
        return name if isinstance(name, str) else None


def batch_of(event: Json) -> Batch:
    """Give the batch that Lambda called with; all its records are of one source."""
    records = records_of(event)
    source = source_of(records[0]) if records else None
    return Batch(records, source)


def source_of(record: Json) -> str | None:
    """Give the service that a record is from, as the record says it."""
    if not is_object(record):
        return None
    # SNS alone writes its name in another way.
    source = record.get("eventSource") or record.get("EventSource")
    return source if isinstance(source, str) else None


def _message_group(record: Json) -> str | None:
    # A standard queue may have groups too, which have to do with fairness and not with order.
    attributes = record.get("attributes") if is_object(record) else None
    if not is_object(attributes) or attributes.get("SequenceNumber") is None:
        return None
    group = attributes.get("MessageGroupId")
    return group if isinstance(group, str) else None
