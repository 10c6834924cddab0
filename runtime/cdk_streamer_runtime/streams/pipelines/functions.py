"""Functions of users as steps: what they may give, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.coroutines import finished
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.pipelines.filters import is_true
from cdk_streamer_runtime.streams.pipelines.steps import Call, Each
from cdk_streamer_runtime.streams.uow import UnitOfWork

Function = Callable[[UnitOfWork], Any]


def filter_step(accepts: Callable[[UnitOfWork], object]) -> Each:
    """Give the step that lets pass what this is true for; the others are done."""

    def apply(uow: UnitOfWork) -> UnitOfWork | None:
        return uow if is_true(accepts(uow)) else None

    return Each(name=name_of(accepts, "filter"), apply=apply)


def map_step(function: Function) -> Each:
    """Give the step of a function that gives names to extend by, or another unit of work.

    None is a mistake and no filter: a `return` that is forgotten would lose events.
    """
    name = name_of(function, "map")

    def apply(uow: UnitOfWork) -> UnitOfWork:
        return _extended(uow, function(uow), name)

    return Each(name=name, apply=apply)


def tap_step(function: Function) -> Each:
    """Give the step of a function that only looks."""

    def apply(uow: UnitOfWork) -> UnitOfWork:
        is_true(function(uow))
        return uow

    return Each(name=name_of(function, "tap"), apply=apply)


def request_step(request: str, function: Function) -> Each:
    """Give the step that makes a request for a sink; None: there is none for this one."""

    def apply(uow: UnitOfWork) -> UnitOfWork:
        made = function(uow)
        return without_request(uow, request) if made is None else uow.extend(**{request: made})

    return Each(name=f"to_{request}", apply=apply)


def without_request(uow: UnitOfWork, request: str) -> UnitOfWork:
    """Give one that has nothing to send: neither what an earlier step has sent, nor its batch's."""
    scope = uow.scope
    return uow.extend(**{request: []}) if request in scope or "batch" in scope else uow


def call_step(function: Function, into: str | None) -> Call:
    """Give the step of a function that waits for somebody, also of a coroutine.

    What it gives is put under the name `into`. Without one it gives names to extend by, a unit of
    work, or None if there is nothing to remember.
    """
    name = name_of(function, "call")

    def send(uow: UnitOfWork, world: World) -> UnitOfWork:
        del world
        result = finished(function(uow))
        if into is not None:
            return uow.extend(**{into: result})
        return uow if result is None else _extended(uow, result, name)

    return Call(name=name, send=send)


def name_of(function: object, otherwise: str) -> str:
    """Give what a step is called: as its function, if that has a name."""
    name = getattr(function, "__name__", otherwise)
    return name if isinstance(name, str) and name.isidentifier() else otherwise


def _extended(uow: UnitOfWork, result: Json, name: str) -> UnitOfWork:
    if isinstance(result, UnitOfWork):
        return result
    if isinstance(result, Mapping):
        return uow.extend(**result)  # pyright: ignore[reportUnknownArgumentType] - names
    raise TypeError(
        f"step {name!r} must give names to extend the unit of work by, or another one, got "
        f"{type(result).__name__}"
    )
