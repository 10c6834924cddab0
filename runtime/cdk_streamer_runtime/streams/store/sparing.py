"""Steps that leave alone what is not theirs: what marks the end of a page passes them by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import (
    BulkCall,
    Call,
    Each,
    Entry,
    Gather,
    Gathering,
    Spread,
    Step,
)
from cdk_streamer_runtime.streams.uow import UnitOfWork

Spares = Callable[[UnitOfWork], bool]


def sparing(step: Step, spares: Spares) -> Step:
    """Give a step that does the same, but passes on what it is to spare."""
    match step:
        case Each():
            return replace(step, apply=_sparing_each(step, spares))
        case Spread():
            return replace(step, apply=_sparing_spread(step, spares))
        case Gather():
            return replace(step, new=lambda: _SparingGathering(step.new(), spares))
        case Call():
            return replace(step, send=_sparing_call(step, spares))
        case BulkCall():
            return replace(step, prepare=_sparing_prepare(step, spares))


def _sparing_each(step: Each, spares: Spares) -> Callable[[UnitOfWork], UnitOfWork | None]:
    return lambda uow: uow if spares(uow) else step.apply(uow)


def _sparing_spread(step: Spread, spares: Spares) -> Callable[[UnitOfWork], Iterable[UnitOfWork]]:
    return lambda uow: (uow,) if spares(uow) else step.apply(uow)


def _sparing_call(step: Call, spares: Spares) -> Callable[[UnitOfWork, World], UnitOfWork | None]:
    return lambda uow, world: uow if spares(uow) else step.send(uow, world)


def _sparing_prepare(step: BulkCall, spares: Spares) -> Callable[[UnitOfWork, World], Entry | None]:
    return lambda uow, world: None if spares(uow) else step.prepare(uow, world)


class _SparingGathering:
    def __init__(self, gathering: Gathering, spares: Spares) -> None:
        self._gathering = gathering
        self._spares = spares

    def add(self, uow: UnitOfWork) -> Iterable[UnitOfWork]:
        return (uow,) if self._spares(uow) else self._gathering.add(uow)

    def finish(self) -> Iterable[UnitOfWork]:
        return self._gathering.finish()
