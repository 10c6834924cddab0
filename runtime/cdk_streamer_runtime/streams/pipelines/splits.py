"""Splits: one unit of work becomes several, each with a number of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.pipelines.steps import Spread
from cdk_streamer_runtime.streams.uow import UnitOfWork

# Where ids of emitted events find it. Of a part of a part it is both numbers: `2.0`.
SPLIT_NUMBER = "split_number"


def split_step(
    parts_of: Callable[[UnitOfWork], Iterable[Json] | None], into: str = "split"
) -> Spread:
    """Give the step that makes a unit of work of each part, with the part under a name.

    A part that is a unit of work is taken as it is. None and nothing are no parts: it is done.
    """

    def apply(uow: UnitOfWork) -> list[UnitOfWork]:
        parts = parts_of(uow)
        if parts is None:
            return []
        if isinstance(parts, str | bytes | Mapping) or not isinstance(parts, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] - it is the user's
            raise TypeError(f"a split must give parts, in a list, got {type(parts).__name__}")  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        before = uow.get(SPLIT_NUMBER)
        prefix = "" if before is None else f"{before}."
        return [_part(uow, part, into, f"{prefix}{number}") for number, part in enumerate(parts)]

    return Spread(name="split", apply=apply)


def unbatch_step() -> Spread:
    """Give the step that makes the units of work of a batch single ones again."""
    return Spread(name="unbatch", apply=_members)


def _part(uow: UnitOfWork, part: Json, into: str, number: str) -> UnitOfWork:
    if isinstance(part, UnitOfWork):
        return part.extend(**{SPLIT_NUMBER: number})
    return uow.extend(**{into: part, SPLIT_NUMBER: number})


def _members(uow: UnitOfWork) -> Iterable[UnitOfWork]:
    return uow.get("batch") or (uow,)
