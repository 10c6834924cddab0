"""What becomes of a record that is read: a unit of work, or a value that says why there is none."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cdk_streamer_runtime.streams.json_text import Json, Malformed, is_list, is_object
from cdk_streamer_runtime.streams.place import NOWHERE, Place
from cdk_streamer_runtime.streams.uow import UnitOfWork


class Reason(StrEnum):
    """Why a record is nobody's business."""

    EXPIRED = "expired"  # DynamoDB removed the item when its time to live was over
    REPLICA = "replica"  # the write was made in another region, which has its own stream
    TEST = "test"  # S3 tried whether its notifications arrive
    EMPTY = "empty"  # a notification of nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecodable:
    """A record that is none of its source's, or no event: it becomes a fault.

    `reason` and `error`, the exception's class, show nothing of the record's content.
    `id` is the same whenever the same record comes.
    """

    record: Json
    place: Place
    reason: str
    error: str

    @property
    def id(self) -> str:
        """What its source knows it by, or else a digest of it."""
        return self.place.id or digest(self.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A record that is done without any work."""

    record: Json
    place: Place
    reason: Reason


Outcome = UnitOfWork | Undecodable | Ignored


def records_of(event: Json) -> list[Json]:
    """Give the records; what has none is taken for one, so that it is not lost either."""
    records = event.get("Records") if is_object(event) else None
    return records if is_list(records) else [event]


def outcomes(
    records: Iterable[Json],
    place_of: Callable[[Json], Place],
    read: Callable[[Json, Place], UnitOfWork | Ignored],
) -> Iterator[Outcome]:
    """Give one outcome for each record, in their order, as they are asked for."""
    for record in records:
        place = NOWHERE
        try:
            place = place_of(record)
            outcome = read(record, place)
        # Whatever a record or the user's decoder can do: it is this record's fault alone.
        except Exception as error:  # noqa: BLE001 - it is not swallowed, it becomes a fault
            outcome = undecodable(record, place, error)
        yield outcome


def spread(
    records: Iterable[Json],
    place_of: Callable[[Json], Place],
    read: Callable[[Json, Place], Iterable[Outcome]],
) -> Iterator[Outcome]:
    """Give the outcomes of records that hold other records; none of them has less than one."""
    for record in records:
        place = NOWHERE
        try:
            place = place_of(record)
            found = list(read(record, place))
        except Exception as error:  # noqa: BLE001 - as in outcomes
            found = [undecodable(record, place, error)]
        yield from found or [Ignored(record=record, place=place, reason=Reason.EMPTY)]


def undecodable(record: Json, place: Place, error: Exception) -> Undecodable:
    """Give the outcome of a record that made this error."""
    return Undecodable(
        record=record, place=place, reason=_reason(error), error=type(error).__name__
    )


def digest(*parts: Json) -> str:
    """Give the same 32 characters for the same values."""
    try:
        text = json.dumps(parts, sort_keys=True, default=repr)
    except (RecursionError, TypeError, ValueError):
        text = reprlib.repr(parts)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _reason(error: Exception) -> str:
    match error:
        case Malformed():
            return str(error)
        case json.JSONDecodeError():
            return f"it is no JSON: {error.msg} at character {error.pos}"
        case KeyError(args=(str(name),)):
            return f"it lacks `{name}`"
        case AttributeError() | IndexError() | TypeError():
            return "a part of it is of another kind than its source writes"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            # The texts of other errors may quote the record.
            return f"it cannot be read: {type(error).__name__}"
