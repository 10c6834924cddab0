"""One seed: a source, a processor, faults, and the verdict."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.engine.deadline import last_call
from cdk_streamer_runtime.streams.engine.world import World
from tests.runtime.simulation.faults import FaultyAws
from tests.runtime.simulation.scheduler import START, Group, Scheduler
from tests.runtime.simulation.silence import silence
from tests.runtime.streams.simulation.changes import (
    Bad,
    Change,
    Flow,
    Source,
    identifier_of,
    record_of,
)
from tests.runtime.streams.simulation.invocation import Invocation
from tests.runtime.streams.simulation.judge import (
    judge_answers,
    judge_calm,
    judge_faults,
    judge_invocation,
    judge_view,
)
from tests.runtime.streams.simulation.lanes import LanePlatform
from tests.runtime.streams.simulation.processor import REFUSABLE, WORKS, Addresses, app_of
from tests.runtime.streams.simulation.services import (
    VIEW,
    Entry,
    Landing,
    Services,
    Work,
    entries_of,
    refuses,
)
from tests.runtime.streams.simulation.sources import Queue, Reader, Shard
from tests.runtime.streams.simulation.weather import (
    FAULTS,
    MINUTE,
    SECOND,
    Faults,
    Weather,
    outages,
)

WEATHERS = (Weather.CALM, Weather.SLOW, Weather.MILD, Weather.OUTAGE, Weather.HARD, Weather.HARD)
FAULTY = 8 * MINUTE
LIMIT = 24 * 60 * MINUTE
LONG = 23 * 60 * MINUTE
SUDDEN = {"crash", "freeze", "slow", "lands_late", "request_lost", "response_lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is the same from the beginning to the end of a seed."""

    weather: Weather
    source: Source
    pipelines: tuple[str, ...]
    parallel: int
    window: int
    batch: int
    timeout: int
    max_age: int
    bisect: bool
    faults: Faults

    @property
    def works(self) -> dict[str, tuple[str, ...]]:
        """What the effects of its pipelines are called."""
        return {name: WORKS[name] for name in self.pipelines}


def scenario_of(random: random.Random, seed: int) -> Scenario:
    """Draw a scenario."""
    weather = WEATHERS[seed % len(WEATHERS)]
    source = random.choice([*Source])
    faults = FAULTS[weather]
    impatient = weather not in {Weather.CALM, Weather.SLOW}
    return Scenario(
        weather=weather,
        source=source,
        pipelines=tuple(sorted(random.sample([*WORKS], random.randint(1, len(WORKS))))),
        parallel=random.choice((1, 2, 3, 8)),
        window=random.choice((3, 7, 250)),
        batch=random.choice((1, 5, 20, 60)) if source.is_stream else random.choice((1, 4, 10)),
        timeout=random.choice((30, 60)) * SECOND,
        max_age=random.choice((LONG, LONG, 3 * MINUTE)) if impatient else LONG,
        bisect=random.random() < 0.7,
        faults=faults.scaled(random) if weather is Weather.HARD else faults,  # type: ignore[arg-type] - of its own kind
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one run showed; the same seed always shows the same."""

    seed: int
    weather: str
    source: str
    records: int
    invocations: int
    faults: tuple[str, ...]
    log: tuple[str, ...]


def simulate(seed: int) -> Verdict:
    """Run one seed."""
    scheduler = Scheduler(seed)
    with silence():
        trial = Trial(scenario_of(scheduler.random, seed), scheduler)
        faults = tuple(trial.run())
    scheduler.stop()
    drawn = trial.scenario
    return Verdict(
        seed=seed,
        weather=drawn.weather.value,
        source=drawn.source.value,
        records=len(trial.changes),
        invocations=len(trial.invocations),
        faults=faults,
        log=tuple(scheduler.log),
    )


class Counter:
    """Who counts what the processor says of itself."""

    def __init__(self) -> None:
        self.sums: dict[str, int] = {}

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        del pipeline, step
        self.sums[metric] = self.sums.get(metric, 0) + value

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        del metric, values, pipeline, step


class WatchedAws(FaultyAws):
    """AWS as one invocation sees it, and what it does there is written down."""

    def __init__(
        self, services: Services, scheduler: Scheduler, group: Group, invocation: Invocation
    ) -> None:
        super().__init__(services.memory, scheduler, services.faults, group, lambda *_: None)
        self._services = services
        self._clock = scheduler.clock
        self._pause = services.faults.least, services.faults.most
        self._invocation = invocation
        self._note = scheduler.note
        self._random = scheduler.random

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        entries = entries_of(service, operation, parameters)
        sent = self._invocation.begin(entries, self._clock())
        self._note(f"{self._invocation.name} {operation} {_short(entries)}")

        def effect() -> Landing:
            return self._services.land(service, operation, parameters, entries)

        if self._pause[1] > 100:
            self.wait(self._random.randint(*self._pause))
        try:
            landing: Landing = self._try(operation, effect)
        except AwsError as error:
            self._invocation.end(sent, error, self._clock())
            self._note(f"{self._invocation.name} {operation} {error.code} {_short(entries)}")
            raise
        self._invocation.end(sent, landing, self._clock())
        return landing.answer


def _short(entries: Sequence[Entry]) -> str:
    return " ".join(
        f"{each.pipeline}:{'+'.join(each.events)}" if isinstance(each, Work) else "fault"
        for each in entries
    )


class Trial:
    """One scenario."""

    def __init__(self, scenario: Scenario, scheduler: Scheduler) -> None:
        self.scenario = scenario
        self.scheduler = scheduler
        self.found: list[str] = []
        self.invocations: list[Invocation] = []
        random = scheduler.random
        flow = Flow(
            source=scenario.source,
            count=random.choice((12, 40, 90)),
            keys=random.choice((1, 3, 12, 1_000)),
            bad=random.choice((0.0, 0.1)),
            pipelines=scenario.pipelines,
            refusable=tuple(name for name in REFUSABLE if name in scenario.pipelines),
        )
        self.changes = flow.drawn(random, START)
        self._bad: dict[str, Mapping[str, Bad]] = {each.id: each.bad for each in self.changes}
        drawn = outages(random, scenario.weather, START)
        self.services = Services(scheduler.clock, random, self._refuses, drawn)
        self.services.faults = scenario.faults
        self.app = app_of(scenario.pipelines, scenario.parallel)
        self.counter = Counter()
        self.reader = self._reader()

    def run(self) -> Iterator[str]:
        """Let it happen, and tell what was wrong."""
        self.scheduler.spawn(Group("lambda"), self.reader.run)
        self.scheduler.run(START + FAULTY)
        if self.scenario.weather not in {Weather.CALM, Weather.SLOW}:
            self.services.calm_down(Faults())
        until = START + FAULTY
        while not self.reader.is_drained() and until < START + LIMIT:
            until += 10 * MINUTE
            self.scheduler.run(until)
        self.scheduler.run(until + 5 * MINUTE)  # what lands late
        return self._judge()

    def _judge(self) -> Iterator[str]:
        drawn, dead = self.scenario, self.reader.dead
        yield from self.found
        if not self.reader.is_drained():
            yield "there are records left after a day"
        for invocation in self.invocations:
            yield from judge_invocation(invocation, drawn.works, drawn.source)
        yield from judge_faults(self.changes, self.invocations)
        yield from judge_answers(self.changes, self.invocations, dead, drawn.source)
        if "view" in drawn.pipelines:
            yield from judge_view(
                self.services.items(VIEW), self.changes, self.services.landed, drawn.source
            )
        if drawn.weather in {Weather.CALM, Weather.SLOW} and dead:
            yield f"{dead} were given up although nothing fails"
        if drawn.weather is Weather.CALM:
            yield from judge_calm(self.invocations, drawn.works)

    def _refuses(self, entry: Entry) -> bool:
        return refuses(entry, lambda event: self._bad.get(event, {}))

    # --- Lambda -----------------------------------------------------------------------------------

    def _reader(self) -> Reader:
        drawn, random = self.scenario, self.scheduler.random
        if drawn.source.is_stream:
            return Shard(
                scheduler=self.scheduler,
                changes=self.changes,
                batch=drawn.batch,
                bisect=drawn.bisect,
                max_age=drawn.max_age,
                invoke=self._invoke,
            )
        return Queue(
            scheduler=self.scheduler,
            changes=self.changes,
            batch=drawn.batch,
            fifo=drawn.source is Source.FIFO,
            visibility=3 * drawn.timeout,
            max_receives=1_000 if drawn.weather is Weather.SLOW else random.choice((5, 1_000)),
            readers=random.choice((1, 3)),
            invoke=self._invoke,
        )

    def _invoke(self, changes: Sequence[Change]) -> Invocation:
        invocation, group = self._begin(changes)
        self.scheduler.wait_for(group, self.scenario.timeout)
        if not group.is_over:
            self._time_out(invocation, group)
        if self.scheduler.random.random() < self.services.faults.redelivered:
            self._begin_again(changes)
        return invocation

    def _begin_again(self, changes: Sequence[Change]) -> None:
        """Deliver once more what may be done already, beside whatever else happens."""

        def run() -> None:
            invocation, group = self._begin(changes)
            self.scheduler.wait_for(group, self.scenario.timeout)
            if not group.is_over:
                self._time_out(invocation, group)

        delay = self.scheduler.random.choice((0, 50, 5 * SECOND, 60 * SECOND))
        self.scheduler.spawn(Group("poller"), run, delay)

    def _time_out(self, invocation: Invocation, group: Group) -> None:
        faults = self.scenario.faults
        if all(getattr(faults, name) == 0 for name in SUDDEN):
            self.found.append(f"{invocation.name} was still at work when its time was over")
        self.scheduler.note(f"{invocation.name} is over its time")
        self.scheduler.kill(group)

    def _begin(self, changes: Sequence[Change]) -> tuple[Invocation, Group]:
        scheduler, drawn = self.scheduler, self.scenario
        name = f"invocation {len(self.invocations)}"
        group = Group(name)
        invocation = Invocation(
            name=name,
            source=drawn.source,
            changes=tuple(changes),
            began=scheduler.now,
            deadline=last_call(scheduler.now, drawn.timeout),
            found=self.found,
        )
        self.invocations.append(invocation)
        scheduler.note(f"{name} begins with {[change.number for change in changes]}")
        scheduler.spawn(group, lambda: self._handle(invocation, group))
        return invocation, group

    def _handle(self, invocation: Invocation, group: Group) -> None:
        scheduler, drawn = self.scheduler, self.scenario
        world = World(
            aws=WatchedAws(self.services, scheduler, group, invocation),
            platform=LanePlatform(scheduler, group),
            resources=Addresses(),
            meter=self.counter,
            deadline=invocation.deadline,
            tags={"source": "processor", "functionname": "processor", "region": "us-east-1"},
        )
        # As it is, no window would be full here.
        plan = self.app._planned(world.tags["source"], world)  # noqa: SLF001
        self.app._plan = replace(plan, window=drawn.window)  # noqa: SLF001
        records = [record_of(change, drawn.source) for change in invocation.changes]
        try:
            answer = self.app.handle({"Records": records}, world)
        except Exception as error:  # noqa: BLE001 - an invocation that fails is told, and repeated
            self.found.append(f"{invocation.name} raised {type(error).__name__}: {error}")
            scheduler.kill(group)
            return
        self._answer(invocation, [each["itemIdentifier"] for each in answer["batchItemFailures"]])
        scheduler.end(group)

    def _answer(self, invocation: Invocation, names: Sequence[str]) -> None:
        source = self.scenario.source
        known = {identifier_of(change, source): change.number for change in invocation.changes}
        if unknown := [name for name in names if name not in known]:
            self.found.append(f"{invocation.name} answered {unknown}, which it was not given")
            return
        self.scheduler.note(f"{invocation.name} answers {[known[name] for name in names]}")
        invocation.answer((known[name] for name in names), self.scheduler.now)
