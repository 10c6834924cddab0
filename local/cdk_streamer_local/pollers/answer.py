"""What became of an invocation, and what a function's response says about its batch.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded:
    """The function ended, with this response as JSON has it."""

    response: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The function raised, ended or timed out."""

    error: str = "Unhandled"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInvoked:
    """The function was not called: throttled, or not ready."""


Answer: TypeAlias = Responded | Raised | NotInvoked


def succeeded(response: object, sequences: Sequence[str]) -> int:
    """Give how many records of a batch are done, by a partial batch response.

    All, when it names no failure; none, when it cannot be understood; otherwise those below the
    lowest sequence number that it names. A response that is no object cannot be understood, as
    documented for queues, nor can one that names a record which is not in the batch.
    """
    match response:
        case None:
            return len(sequences)
        case dict():
            failures = cast("Mapping[str, object]", response).get("batchItemFailures")
        case _:
            return 0
    if failures is None:
        return len(sequences)
    if not isinstance(failures, list):
        return 0
    places = {sequence: place for place, sequence in enumerate(sequences)}
    failed = (_place(failure, places) for failure in cast("list[object]", failures))
    return min(failed, default=len(sequences))


def _place(failure: object, places: Mapping[str, int]) -> int:
    match failure:
        case {"itemIdentifier": str(sequence)}:
            return places.get(sequence, 0)
        case _:
            return 0
