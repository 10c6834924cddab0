"""One seed under one protocol: a world, its people, its faults, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer_runtime.timers.definition import Definition
from tests.runtime.simulation.scheduler import Scheduler
from tests.runtime.simulation.silence import silence
from tests.runtime.timers.simulation.callbacks import Callbacks
from tests.runtime.timers.simulation.debts import Rules
from tests.runtime.timers.simulation.faults import CALM, MINUTE
from tests.runtime.timers.simulation.history import History
from tests.runtime.timers.simulation.judge import Score, judge
from tests.runtime.timers.simulation.people import Person
from tests.runtime.timers.simulation.population import Kind, Population
from tests.runtime.timers.simulation.protocol import Protocol
from tests.runtime.timers.simulation.scenarios import Scenario, scenario
from tests.runtime.timers.simulation.wishes import Ledger
from tests.runtime.timers.simulation.world import World

TOGETHER = 0.3  # of the timers are wanted in batches
RIVALS = 0.15  # have two people who do not know of each other
WARM_UP = 70_000  # until the first tick has come
DISPATCH = ("dispatcher", "ticker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run showed; the same seed and protocol always show the same."""

    seed: int
    weather: str
    protocol: str
    score: Score
    calls: int
    units: int
    faults: tuple[str, ...]
    log: tuple[str, ...]


def simulate(seed: int, protocol: type[Protocol]) -> Outcome:
    """Run one seed."""
    drawn = scenario(seed)
    scheduler = Scheduler(seed, drawn.start)
    with silence():
        outcome = Trial(drawn, scheduler, protocol).run()
    scheduler.stop()
    return outcome


class Trial:
    """One scenario, one protocol."""

    def __init__(self, scenario: Scenario, scheduler: Scheduler, protocol: type[Protocol]) -> None:
        self.scenario = scenario
        self.scheduler = scheduler
        self.ledger = Ledger()
        self.history = History()
        self.callbacks = Callbacks()
        self.world = World(scheduler, scenario.faults, scenario.outages)
        self.protocol = protocol(self.world, self.history, self.callbacks, scenario)
        self.population = Population(
            scheduler.random, scenario.night, scenario.minutes, scenario.kind
        )

    def run(self) -> Outcome:
        """Let it happen, and judge."""
        drawn, scheduler = self.scenario, self.scheduler
        self.protocol.start()
        self._populate()
        scheduler.run(drawn.faulty_until)
        self.world.calm_down(CALM)
        scheduler.run(drawn.end)
        score = judge(self._rules(), self.ledger, self.history, self.callbacks)
        calls, units = self.world.calls, self.world.units
        return Outcome(
            seed=drawn.seed,
            weather=drawn.weather.value,
            protocol=self.protocol.name,
            score=score,
            calls=sum(number for (who, _), number in calls.items() if who in DISPATCH),
            units=sum(number for who, number in units.items() if who in DISPATCH),
            faults=tuple(self._faults(score)),
            log=tuple(scheduler.log),
        )

    def _rules(self) -> Rules:
        drawn = self.scenario
        return Rules(
            look_ahead=drawn.look_ahead,
            strict=drawn.strict and self.protocol.has_policies,
            calm=drawn.is_calm,
            end=drawn.judged_until,
            settled_at=self.protocol.settled_at,
            has_policies=self.protocol.has_policies,
        )

    def _faults(self, score: Score) -> list[str]:
        return [
            *self.world.found,
            *self.history.found,
            *score.lost,
            *score.early,
            *score.phantoms,
            *self.protocol.faults(score),
        ]

    # --- people ---------------------------------------------------------------------------------

    def _populate(self) -> None:
        random = self.scheduler.random
        ids = list(self.population.ids())
        together = random.sample(ids, int(len(ids) * TOGETHER))
        changes = {Kind.MIXED: 2, Kind.CROWD: 1, Kind.PAGES: 0}[self.scenario.kind]
        batch: list[Definition] = []
        for id in ids:
            first = self.protocol.fitting(self.population.definition(id))
            if id in together:
                batch.append(first)
            else:
                self._send(id, first, changes)
            if random.random() < RIVALS:
                rival = self.protocol.fitting(self.population.moved(first))
                self._send(id, rival, changes)
        person = self._person("batches")
        delay = random.randint(WARM_UP, 2 * MINUTE)
        person.start(lambda: person.look_after_all(batch, 5 * MINUTE), delay)

    def _send(self, id: str, first: Definition, changes: int) -> None:
        random = self.scheduler.random
        person = self._person(f"person of {id}")
        often = random.randint(0, changes)
        delay = random.randint(WARM_UP, 3 * MINUTE)
        if random.random() < 0.2:
            delay = random.randint(WARM_UP, self.scenario.minutes * MINUTE)
        person.start(lambda: person.look_after(id, first, often, 8 * MINUTE), delay)

    def _person(self, name: str) -> Person:
        return Person(name, self.scheduler, self.protocol, self.population, self.ledger)
