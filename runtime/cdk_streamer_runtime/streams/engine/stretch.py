"""Stretches: what pure steps do with a list of units of work, in as few operations as possible.

An exception ends the loop and not the list: the loop goes on behind the unit that raised it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Entry
from cdk_streamer_runtime.streams.uow import UnitOfWork

Units = list[UnitOfWork]
Fail = Callable[[UnitOfWork, Exception], None]


def kept(accepts: Callable[[UnitOfWork], object], units: Units, fail: Fail) -> Units:
    """Give those that a condition accepts."""
    given: Units = []
    keep, waiting, uow = given.append, iter(units), None
    while True:
        try:
            for uow in waiting:
                if accepts(uow):
                    keep(uow)
        except Exception as error:  # noqa: BLE001 - a policy decides about it
            fail(_begun(uow), error)
        else:
            return given


def mapped(apply: Callable[[UnitOfWork], UnitOfWork | None], units: Units, fail: Fail) -> Units:
    """Give what a function makes of each; None is done."""
    given: Units = []
    keep, waiting, uow = given.append, iter(units), None
    while True:
        try:
            for uow in waiting:
                made = apply(uow)
                if made.__class__ is UnitOfWork:
                    keep(made)  # pyright: ignore[reportArgumentType]
                elif made is not None:
                    raise stranger(made)  # noqa: TRY301 - it is this unit's failure
        except Exception as error:  # noqa: BLE001 - a policy decides about it
            fail(_begun(uow), error)
        else:
            return given


def spread(
    apply: Callable[[UnitOfWork], Iterable[UnitOfWork]], units: Units, fail: Fail
) -> Iterator[UnitOfWork]:
    """Give all that a function makes of each, as it is asked for."""
    for uow in units:
        try:
            for made in apply(uow):
                if made.__class__ is not UnitOfWork:
                    raise stranger(made)  # noqa: TRY301 - it is this unit's failure
                yield made
        except Exception as error:  # noqa: BLE001 - a policy decides about it
            fail(uow, error)


def entries(
    step: BulkCall, world: World, units: Units, fail: Fail
) -> tuple[Units, list[Entry | None]]:
    """Give the units and what a bulk call sends for them, without those that failed."""
    given: Units = []
    prepared: list[Entry | None] = []
    prepare, limit = step.prepare, step.size
    for uow in units:
        try:
            entry = prepare(uow, world)
            if entry is not None and entry.size > limit:
                raise ValueError(  # noqa: TRY301 - it is this unit's failure
                    f"an entry of {entry.size} bytes cannot be sent, a call takes {limit}"
                )
        except Exception as error:  # noqa: BLE001 - a policy decides about it
            fail(uow, error)
        else:
            given.append(uow)
            prepared.append(entry)
    return given, prepared


def _begun(uow: UnitOfWork | None) -> UnitOfWork:
    assert uow is not None  # noqa: S101 - the iterator of a list raises nothing by itself
    return uow


def stranger(made: object) -> TypeError:
    """Give the error for what a function has given instead of a unit of work."""
    return TypeError(
        f"a step has to give a unit of work, got {type(made).__name__}; "
        "extend the one that it was given: uow.extend(name=value)"
    )
