"""The run: one batch through all pipelines, window by window and round by round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.streams.answers import Answer, Batch
from cdk_streamer_runtime.streams.engine.calls import Caller, Results
from cdk_streamer_runtime.streams.engine.course import Course, Stop
from cdk_streamer_runtime.streams.engine.deadline import last_flow
from cdk_streamer_runtime.streams.engine.lanes import Crowd, Lane, lanes_of
from cdk_streamer_runtime.streams.engine.ledger import Ledger
from cdk_streamer_runtime.streams.engine.plan import CLAIMS, Plan
from cdk_streamer_runtime.streams.engine.redemption import Redemption
from cdk_streamer_runtime.streams.engine.verdicts import DEADLINE, Verdicts
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.outcome import Outcome, Undecodable
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call
from cdk_streamer_runtime.streams.routing.patterns import ANY_TYPE
from cdk_streamer_runtime.streams.uow import UnitOfWork

Units = list[UnitOfWork]
Doors = tuple[Callable[[UnitOfWork], None], ...]
_INTAKE = Pipeline(id="", types=ANY_TYPE, steps=())  # what is not yet in one


class Run:
    """One invocation; nothing of it is used by another."""

    def __init__(
        self, plan: Plan, batch: Batch, world: World, only: frozenset[str] | None = None
    ) -> None:
        """Run through the pipelines with these ids `only`, or through all."""
        self._plan = plan
        self._batch = batch
        self._world = world
        self._ledger = Ledger(batch)
        self._verdicts = Verdicts(self._ledger, world, plan.policy)
        self._courses = {
            pipeline.id: Course(pipeline, world, plan.window, self._verdicts.fail)
            for pipeline in plan.pipelines
            if only is None or pipeline.id in only
        }
        self._arrivals: dict[str, Units] = {name: [] for name in self._courses}
        self._doors: dict[str, Doors] = {}
        self._active: dict[str, Course] = {}
        self._until = world.deadline

    def run(self, outcomes: Iterable[Outcome], *, last_pull: int) -> Answer:
        """Give the answer for all records; raises what stops the invocation."""
        pulled = iter(outcomes)
        if any(course.keeps for course in self._courses.values()):
            self._until = last_flow(self._world.platform.clock(), self._world.deadline)
        last_pull = min(last_pull, self._until)
        while not self._ledger.is_closed:
            if self._world.platform.clock() >= last_pull:
                self._hand_back_the_rest(next(pulled, None))
                break
            window = list(islice(pulled, self._plan.window))
            if not window:
                break
            self._take(window)
        self._finish()
        return self._answer()

    # --- windows ---

    def _take(self, window: list[Outcome]) -> None:
        units: Units = []
        for outcome in window:
            if outcome.__class__ is UnitOfWork:
                units.append(outcome)  # pyright: ignore[reportArgumentType]
            elif isinstance(outcome, Undecodable):
                self._verdicts.refuse(outcome)
            else:
                self._world.meter.count(StreamMetric.RECORDS_IGNORED)
        redemption = self._plan.redemption
        if redemption is None:
            self._route(units)
            return
        is_claim = redemption.is_claim
        claims = [at for at, uow in enumerate(units) if is_claim(uow[1])]
        # What was fetched is through before more of it is: each may be as large as memory allows.
        begin = 0
        while claims:
            here, claims = claims[:CLAIMS], claims[CLAIMS:]
            end = claims[0] if claims else len(units)
            part = self._redeemed(units[begin:end], [at - begin for at in here], redemption)
            self._route(part)
            begin = end
        self._route(units[begin:] if begin else units)

    def _redeemed(self, units: Units, claims: list[int], redemption: Redemption) -> Units:
        step = Call(name="redeem", send=redemption.redeem)
        course = Course(_INTAKE, self._world, len(claims), self._verdicts.fail)
        (made,) = self._called([Stop(course, 0, step, [units[at] for at in claims], [])])
        whole: Results = [*units]
        for at, uow in zip(claims, made, strict=True):
            whole[at] = uow
        return [uow for uow in whole if uow is not None]

    def _route(self, units: Units) -> None:
        if not units:
            return
        began = self._world.platform.clock()
        age = began - units[0].event.timestamp
        self._world.meter.milliseconds(StreamMetric.EVENT_AGE, max(age, 0))
        self._sort(units)
        for name, arrived in self._arrivals.items():
            if arrived:
                self._world.meter.count(StreamMetric.EVENTS, len(arrived), pipeline=name)
                self._active[name] = self._courses[name]
                self._courses[name].enter(arrived.copy())
                arrived.clear()
        self._drain(began)

    def _sort(self, units: Units) -> None:
        doors, own = self._doors, self._plan.routing.source
        for uow in units:
            event = uow[1]
            tags = event.get("tags")
            opened = doors.get(event["type"])
            if opened is None or (tags and ("skip" in tags or tags.get("source") == own)):
                opened = self._open(uow)
            for put in opened:
                put(uow)

    def _open(self, uow: UnitOfWork) -> Doors:
        routing, event = self._plan.routing, uow.event
        try:
            usual = self._doors_of(routing.route(event.type))
            self._doors[event.type] = usual
            return self._doors_of(routing.route_event(event))
        except Exception as error:  # noqa: BLE001 - a user's function can decide about types
            self._verdicts.fail(uow, error, _INTAKE, "route")
            return ()

    def _doors_of(self, pipelines: Iterable[Pipeline]) -> Doors:
        arrivals = self._arrivals
        return tuple(arrivals[each.id].append for each in pipelines if each.id in arrivals)

    # --- rounds ---

    def _drain(self, began: int, *, last: bool = False) -> None:
        active, self._active = self._active, {}
        while active:
            stops: list[Stop] = []
            for name, course in [*active.items()]:
                stop = course.advance(last=last)
                if stop is not None:
                    stops.append(stop)
                    continue
                del active[name]
                took = self._world.platform.clock() - began
                self._world.meter.milliseconds(StreamMetric.PIPELINE_TIME, took, pipeline=name)
            if stops:
                self._round(stops)

    def _round(self, stops: Sequence[Stop]) -> None:
        for stop, made in zip(stops, self._called(stops), strict=True):
            stop.course.put(stop.at + 1, [uow for uow in made if uow is not None])
        if self._world.platform.clock() >= self._world.deadline:
            for stop in stops:
                for uow in stop.course.abandon():
                    self._ledger.hand_back(uow, DEADLINE)

    def _called(self, stops: Sequence[Stop]) -> list[Results]:
        results: list[Results] = [[None] * len(stop.units) for stop in stops]
        verdicts, insistence, until = self._verdicts, self._plan.insistence, self._until

        def go(lane: Lane) -> None:
            try:
                for others, (number, indices) in zip(
                    range(len(lane) - 1, -1, -1), lane, strict=True
                ):
                    made = results[number]
                    caller = Caller(
                        stops[number], made, verdicts, insistence, until=until, others=others
                    )
                    caller.call(indices)
            except BaseException as error:  # noqa: BLE001 - raised below, when no lane runs any more
                verdicts.stop(error)

        lanes = lanes_of([_crowd(stop) for stop in stops], self._plan.parallel)
        if len(lanes) == 1:
            go(lanes[0])
        else:
            for _ in self._world.platform.each(go, lanes):
                pass
        if verdicts.stopped_by is not None:
            raise verdicts.stopped_by
        return results

    # --- the end ---

    def _hand_back_the_rest(self, first: Outcome | None) -> None:
        if first is not None:
            self._ledger.hand_back_from(first)
            self._world.meter.count(StreamMetric.DEADLINES)

    def _finish(self) -> None:
        began = self._world.platform.clock()
        self._until = self._world.deadline
        while any([course.finish() for course in self._courses.values()]):  # noqa: C419 - all of them
            self._active = dict(self._courses)
            self._drain(began)
        self._active = {name: course for name, course in self._courses.items() if course.waits}
        self._drain(began, last=True)

    def _answer(self) -> Answer:
        failures = self._ledger.faults()
        if failures:
            reporter = self._plan.reporter()
            for failure in failures:
                reporter.add(failure)
            for failure in reporter.publish(self._world):
                self._ledger.hand_back(failure.of, "FaultNotPublished")
        returned = self._ledger.returned()
        meter = self._world.meter
        meter.count(StreamMetric.RECORDS, len(self._batch.records))
        if returned:
            meter.count(StreamMetric.RECORDS_REDELIVERED, len(returned))
            _log_handed_back(len(returned), self._ledger.reasons)
        return self._ledger.answer()


def _log_handed_back(records: int, reasons: Mapping[str, int]) -> None:
    import logging  # a batch that goes well has nothing to say

    extra = {"records": records, "reasons": dict(reasons)}
    logging.getLogger(__name__).warning("records handed back", extra=extra)


def _crowd(stop: Stop) -> Crowd:
    step = stop.step
    if isinstance(step, BulkCall):
        return Crowd(stop.units, stop.entries, step.count, step.size, step.ordered)
    return Crowd(stop.units)
