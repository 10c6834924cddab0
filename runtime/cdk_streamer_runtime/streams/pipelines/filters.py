"""Filters: what a pipeline takes of the events of fitting types."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.uow import UnitOfWork

LATCHED = "latched"
DELETED = "deleted"

Accepts = Callable[[UnitOfWork], bool]


def is_latched(uow: UnitOfWork) -> bool:
    """Tell whether an item's change was itself made from an event, by `materialize`.

    Who published it would send it back to where it came from. The removal of a latched item is a
    new change, unless only the mark of an earlier deletion is removed.
    """
    raw: Json = uow.event.get("raw")
    if type(raw) is not dict:
        return False
    raw = cast("dict[str, Json]", raw)
    new = raw.get("new")
    if new is not None:
        return new.get(LATCHED) is True
    old = raw.get("old")
    return old is not None and old.get(LATCHED) is True and old.get(DELETED) is True


def accepting(
    *, content: Callable[[UnitOfWork], object] | None = None, latched: bool = True
) -> Accepts | None:
    """Give one test of all; None when everything is taken."""
    if content is None:
        return None if latched else _is_not_latched
    if latched:
        return lambda uow: is_true(content(uow))
    return lambda uow: not is_latched(uow) and is_true(content(uow))


def is_true(decision: object) -> bool:
    """Tell what a function of the user's has decided; raises TypeError for a coroutine.

    That would be true always, and never be run.
    """
    if decision is True or not decision:
        return decision is True
    if inspect.isawaitable(decision):
        if inspect.iscoroutine(decision):
            decision.close()
        raise TypeError(
            f"a {type(decision).__name__} was given, for which nobody waits here; do what waits "
            "in stream.call(...)"
        )
    return True


def _is_not_latched(uow: UnitOfWork) -> bool:
    return not is_latched(uow)
