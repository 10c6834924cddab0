"""Resubmission: records of faults are given to their functions again, to the pipelines they hit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.streams.answers import batch_of
from cdk_streamer_runtime.streams.faults.parked import Parked
from cdk_streamer_runtime.streams.json_text import Json, is_list, is_object
from cdk_streamer_runtime.streams.outcome import digest

RESUBMISSION = "resubmission"
RECORDS = 100
# Lambda takes 6 MB of a call that it answers.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
BYTES = 5 * 1024 * 1024


class Found(NamedTuple):
    """A parked fault and its record as it was."""

    parked: Parked
    record: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of a function: its records, and the faults that each of them answers."""

    function: str
    pipelines: tuple[str, ...]
    records: tuple[Json, ...]
    faults: tuple[tuple[Parked, ...], ...]

    @property
    def event(self) -> dict[str, Any]:
        """What the function is called with."""
        # Without a name of a pipeline all of them run: nobody knows whom the record is for.
        chosen = {"pipelines": list(self.pipelines)} if self.pipelines else {}
        if _is_envelope(self.records[0]):
            return {**self.records[0], RESUBMISSION: chosen}
        return {"Records": list(self.records), RESUBMISSION: chosen}

    def failed(self, answer: Json) -> set[int]:
        """Give which records the answer says are not done, by their positions.

        It is read as Lambda reads it: what cannot be understood means that none is done.
        """
        everything = set(range(len(self.records)))
        failures = answer.get("batchItemFailures") if is_object(answer) else None
        if failures is None:
            is_success = answer is None or (is_object(answer) and "errorMessage" not in answer)
            return set[int]() if is_success else everything
        if not is_list(failures):
            return everything
        positions = {_item(record): number for number, record in enumerate(self.records)}
        names = [each.get("itemIdentifier") if is_object(each) else None for each in failures]
        if not all(isinstance(name, str) and name in positions for name in names):
            return everything
        return batch_of({"Records": list(self.records)}).after({positions[n] for n in names})


def invocations(found: Iterable[Found], *, records: int = RECORDS) -> Iterator[Invocation]:
    """Give the calls that all records take, in the order of their sources.

    No call has records of two sources or for different pipelines, and none has a record twice.
    """
    for (function, _source, pipelines), group in groupby(
        sorted(found, key=_order), key=lambda each: _group(each.parked)
    ):
        unique: dict[str, tuple[Json, list[Parked]]] = {}
        for parked, record in group:
            unique.setdefault(digest(record), (record, []))[1].append(parked)
        for part in _parts([*unique.values()], records):
            yield Invocation(
                function=function,
                pipelines=pipelines,
                records=tuple(record for record, _ in part),
                faults=tuple(tuple(parked) for _, parked in part),
            )


def _parts(
    entries: Sequence[tuple[Json, list[Parked]]], most: int
) -> Iterator[list[tuple[Json, list[Parked]]]]:
    part: list[tuple[Json, list[Parked]]] = []
    taken = 0
    for entry in entries:
        bytes_ = size(encode(entry[0]))
        alone = bool(part) and (_is_envelope(entry[0]) or _is_envelope(part[0][0]))
        if part and (alone or len(part) >= most or taken + bytes_ > BYTES):
            yield part
            part, taken = [], 0
        part.append(entry)
        taken += bytes_
    if part:
        yield part


def _group(parked: Parked) -> tuple[str, str, tuple[str, ...]]:
    return parked.function, parked.source, tuple(sorted(parked.pipelines))


def _order(found: Found) -> tuple[Any, ...]:
    sequence = _sequence(found.record)
    return *_group(found.parked), sequence, found.parked.time, found.parked.message


def _is_envelope(record: Json) -> bool:
    """Tell whether Lambda called with the record itself: a rule or a schedule has no batches."""
    return not (is_object(record) and ("eventSource" in record or "EventSource" in record))


def _item(record: Json) -> str | None:
    part = _ordered(record)
    return part.get("sequenceNumber") or part.get("SequenceNumber") or record.get("messageId")


def _sequence(record: Json) -> int:
    attributes = record.get("attributes") if is_object(record) else None
    part = attributes if is_object(attributes) else _ordered(record)
    text = part.get("sequenceNumber") or part.get("SequenceNumber")
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else 0


def _ordered(record: Json) -> dict[str, Any]:
    if is_object(record):
        for name in ("kinesis", "dynamodb"):
            if is_object(part := record.get(name)):
                return part
    return {}
