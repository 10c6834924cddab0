"""Correlation keys: what events that belong together have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from cdk_streamer_runtime.streams.json_text import Json, kind_of
from cdk_streamer_runtime.streams.uow import UnitOfWork

Correlation = str | Callable[[UnitOfWork], Any]


def keys_of(uow: UnitOfWork, correlation: Correlation) -> tuple[str, ...]:
    """Give the correlation keys of an event, without repetitions; raises TypeError."""
    found = _found(uow, correlation)
    several = cast("list[Any]", found) if isinstance(found, list | tuple | set) else [found]
    keys = [_checked(each) for each in several if each is not None and each != ""]
    return tuple(dict.fromkeys(keys))


def key_of(uow: UnitOfWork, correlation: Correlation) -> str | None:
    """Give the correlation key of an event, None if it has none; raises TypeError."""
    found = _found(uow, correlation)
    return None if found is None or found == "" else _checked(found)


def _found(uow: UnitOfWork, correlation: Correlation) -> Json:
    if not isinstance(correlation, str):
        return correlation(uow)
    found: Json = uow.event
    for name in correlation.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, Any]", found).get(name)
    return found


def _checked(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise TypeError(f"a correlation key must be a text or a whole number, got {kind_of(key)}")
