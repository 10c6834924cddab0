"""The course of one pipeline through one invocation: what stands where in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from cdk_streamer_runtime.errors import DeadlineExceeded
from cdk_streamer_runtime.streams.engine.counting import in_pipeline
from cdk_streamer_runtime.streams.engine.stretch import (
    Fail,
    Units,
    entries,
    kept,
    mapped,
    spread,
    stranger,
)
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import (
    BulkCall,
    Call,
    Each,
    Entry,
    Gather,
    Gathering,
    Spread,
)
from cdk_streamer_runtime.streams.uow import UnitOfWork

Failing = Callable[[UnitOfWork, Exception, Pipeline, str], None]


class Stop(NamedTuple):
    """Units that stand before a call; `entries` are what a bulk call sends for them."""

    course: Course
    at: int
    step: Call | BulkCall
    units: Units
    entries: list[Entry | None]


class _Standing(NamedTuple):
    """What goes on at a step; an iterator is what that step still makes of its `origin`."""

    at: int
    units: Units | Iterator[UnitOfWork]
    origin: Units


class Held:
    """A gathering, and the units that nobody has seen again since it took them."""

    def __init__(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self.units: dict[int, UnitOfWork] = {}

    def add(self, uow: UnitOfWork) -> Iterable[UnitOfWork]:
        """Take one, and give what is complete by that."""
        self.units[id(uow)] = uow
        return self._seen(self.gathering.add(uow))

    def finish(self) -> Iterator[UnitOfWork]:
        """Give the rest."""
        return self._seen(self.gathering.finish())

    def _seen(self, given: Iterable[UnitOfWork]) -> Iterator[UnitOfWork]:
        for made in given:
            if made.__class__ is not UnitOfWork:
                raise stranger(made)
            for unit in made.get("batch") or (made,):
                self.units.pop(id(unit), None)
            yield made


class Course:
    """Takes the units of one pipeline from call to call."""

    def __init__(self, pipeline: Pipeline, world: World, room: int, failing: Failing) -> None:
        """Have no more than `room` units made of others before the first of them are through."""
        self.pipeline = pipeline
        self._steps = pipeline.steps
        self.world = in_pipeline(world, pipeline.id)
        self._room = room
        self._failing = failing
        # The last is what stands furthest ahead: it is through before others are begun.
        self._stack: list[_Standing] = []
        self._waiting: dict[int, tuple[Units, list[Entry | None]]] = {}
        self._held: dict[int, Held] = {}

    @property
    def waits(self) -> bool:
        """Whether something waits for its call to become full."""
        return bool(self._waiting)

    @property
    def keeps(self) -> bool:
        """Whether it has steps that keep units until the end of the batch."""
        last = self._steps[-1] if self._steps else None
        return isinstance(last, BulkCall) or any(isinstance(step, Gather) for step in self._steps)

    def rounds(self, at: int) -> int:
        """Count the calls from a step on, that one included."""
        return sum(isinstance(step, (Call, BulkCall)) for step in self._steps[at:])

    def enter(self, units: Units) -> None:
        """Let units of a window begin."""
        accepts = self.pipeline.accepts
        self.put(0, units if accepts is None else kept(accepts, units, self._fail("filter")))

    def put(self, at: int, units: Units) -> None:
        """Let units go on at a step."""
        if units and at < len(self._steps):
            self._stack.append(_Standing(at, units, units))

    def advance(self, *, last: bool) -> Stop | None:
        """Go on until units stand before a call, and give them.

        The last call of a pipeline may wait until it is full, unless this is the `last` chance.
        """
        while self._stack:
            if (stop := self._stretch(self._stack.pop(), last=last)) is not None:
                return stop
        if last and self._waiting:
            at, (units, prepared) = self._waiting.popitem()
            return Stop(self, at, self._bulk(at), units, prepared)
        return None

    def finish(self) -> bool:
        """Let the first gathering give the rest; tell whether there was one."""
        if not self._held:
            return False
        at = min(self._held)
        held = self._held.pop(at)
        given: Units = []
        try:
            given.extend(held.finish())
        except Exception as error:  # noqa: BLE001 - a policy decides about it
            for uow in held.units.values():
                self._fail(self._steps[at].name)(uow, error)
        self.put(at + 1, given)
        return True

    def abandon(self) -> Iterator[UnitOfWork]:
        """Give all that stands anywhere: it is not begun any more."""
        for standing in self._stack:
            yield from standing.origin
        for units, _ in self._waiting.values():
            yield from units
        for held in self._held.values():
            yield from held.units.values()
        self._stack, self._waiting, self._held = [], {}, {}

    def _stretch(self, standing: _Standing, *, last: bool) -> Stop | None:
        at, units, _ = standing
        if not isinstance(units, list):
            units = self._slice(standing)
            at += 1
        while units and at < len(self._steps):
            step = self._steps[at]
            if isinstance(step, Each):
                units = mapped(step.apply, units, self._fail(step.name))
            elif isinstance(step, Spread):
                made = spread(step.apply, units, self._fail(step.name))
                units = self._slice(_Standing(at, made, units))
            elif isinstance(step, Gather):
                units = self._gathered(at, step, units)
            elif isinstance(step, Call):
                return Stop(self, at, step, units, [])
            else:
                return self._packed(at, step, units, last=last)
            at += 1
        return None

    def _slice(self, standing: _Standing) -> Units:
        taken = list(islice(standing.units, self._room))
        if len(taken) < self._room:
            return taken
        if self.world.platform.clock() < self.world.deadline:
            self._stack.append(standing)
            return taken
        fail = self._fail(self._steps[standing.at].name)
        for uow in standing.origin:
            fail(uow, DeadlineExceeded("there is no time for all that it is split into"))
        return []

    def _gathered(self, at: int, step: Gather, units: Units) -> Units:
        held = self._held.get(at)
        if held is None:
            held = self._held[at] = Held(step.new())
        given: Units = []
        fail = self._fail(step.name)
        for uow in units:
            try:
                given.extend(held.add(uow))
            except Exception as error:  # noqa: BLE001 - a policy decides about it
                held.units.pop(id(uow), None)
                fail(uow, error)
        return given

    def _packed(self, at: int, step: BulkCall, units: Units, *, last: bool) -> Stop | None:
        units, prepared = entries(step, self.world, units, self._fail(step.name))
        if at < len(self._steps) - 1:
            return Stop(self, at, step, units, prepared) if units else None
        # Nothing follows, so nothing can overtake what waits here until a call is full.
        if None in prepared:
            sent = [at for at, entry in enumerate(prepared) if entry is not None]
            units, prepared = [units[at] for at in sent], [prepared[at] for at in sent]
        if at in self._waiting:
            before, entries_before = self._waiting.pop(at)
            units, prepared = before + units, entries_before + prepared
        full = len(units) if last else len(units) - len(units) % step.count
        if full < len(units):
            self._waiting[at] = (units[full:], prepared[full:])
        return Stop(self, at, step, units[:full], prepared[:full]) if full else None

    def _bulk(self, at: int) -> BulkCall:
        step = self._steps[at]
        assert isinstance(step, BulkCall)  # noqa: S101 - only they wait
        return step

    def _fail(self, step: str) -> Fail:
        pipeline, failing = self.pipeline, self._failing
        return lambda uow, error: failing(uow, error, pipeline, step)
