"""One seed: a world, some callers, five minutes of faults, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.runtime.simulation import services
from tests.runtime.simulation.client import Client
from tests.runtime.simulation.faults import CALM, HARD, Faults
from tests.runtime.simulation.invariants import DURABLE, Asker, answer_faults, outcome_faults
from tests.runtime.simulation.jobs import Jobs
from tests.runtime.simulation.people import Observer, People
from tests.runtime.simulation.promises import notice_faults, place_faults, webhook_faults
from tests.runtime.simulation.receiver import BROKEN, ORIGIN, UNWILLING, WILLING
from tests.runtime.simulation.scheduler import START, Scheduler
from tests.runtime.simulation.services import Layers
from tests.runtime.simulation.silence import silence
from tests.runtime.simulation.visitor import Visitor
from tests.runtime.simulation.wish import Wish
from tests.runtime.simulation.world import LEASE, World

FAULTY = 300_000  # the faults end here ...
QUIET = 900_000  # ... and by then every request has ended and every caller knows
LONGEST = 90 * 3_600_000  # of webhooks that nobody takes, and of questions that nobody answers
CALLERS = 5
OBSERVERS = 8
FOR_EVER = 1 << 60
WORKER_ACTIONS = ("steady", "steady", "flaky", "broken", "endless")
DURABLE_ACTIONS = ("asking", "hasty", "wavering")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a seed showed; the same seed always shows the same."""

    seed: int
    scenario: str
    faults: tuple[str, ...]
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What goes wrong, and what runs."""

    name: str
    faults: Faults = CALM
    layers: Layers = field(default_factory=Layers)
    actions: tuple[str, ...] = WORKER_ACTIONS + DURABLE_ACTIONS
    expires: int = 3_600


# Without its watcher a request survives what happens inside a handler, by SQS alone.
KILLED_HANDLERS = Faults(crash_in_handler=0.05, duplicate=0.3, reorder=0.2)


def simulate(seed: int) -> Verdict:
    """Run one seed."""
    scheduler = Scheduler(seed)
    trial = Trial(scheduler, _draw(scheduler))
    with silence():
        found = trial.run()
    scheduler.stop()
    name = trial.scenario.name
    return Verdict(seed=seed, scenario=name, faults=tuple(found), log=tuple(scheduler.log))


def _draw(scheduler: Scheduler) -> Scenario:
    """Calm seeds, those in which one layer is missing, and those in which anything goes wrong."""
    draw = scheduler.random.random()
    if draw < 0.15:
        return Scenario(name="calm")
    if draw < 0.2:
        return Scenario(name="slow messages", faults=Faults(slow_messages=0.5))
    if draw < 0.27:
        layers = Layers(watcher=False)
        actions = WORKER_ACTIONS
        return Scenario(name="no watcher", faults=KILLED_HANDLERS, layers=layers, actions=actions)
    if draw < 0.32:
        return Scenario(
            name="backlog",
            faults=KILLED_HANDLERS,
            layers=Layers(idle_from=0, idle_until=400_000),
            actions=WORKER_ACTIONS,
        )
    faults = HARD.scaled(scheduler.random)
    if draw < 0.37:
        gone = Layers(idle_from=scheduler.random.randint(0, 60_000), idle_until=FOR_EVER)
        return Scenario(name="workers gone", faults=faults, layers=gone, expires=120)
    if draw < 0.45:
        return Scenario(name="stream outage", faults=faults, layers=Layers(stream_outage=True))
    return Scenario(name="hard", faults=faults)


class Trial:
    """One scenario and those who are in it."""

    def __init__(self, scheduler: Scheduler, scenario: Scenario) -> None:
        random = scheduler.random
        self.scenario = scenario
        self.scheduler = scheduler
        self.jobs = Jobs(
            scheduler, scenario.faults, limited=random.random() < 0.4, expires=scenario.expires
        )
        self.world = World(scheduler, self.jobs.app(), scenario.faults)
        self.people = People(self.world)
        self.askers = [self._asker(index) for index in range(CALLERS)]
        observed = scenario.name in {"calm", "slow messages"}
        self.observers = [
            Observer(self.world, asker.wish.request_id, number)
            for asker in (self.askers if observed else ())
            for number in range(OBSERVERS)
        ]

    def run(self) -> list[str]:
        """Give what was found wrong; empty as it should be."""
        scheduler, ends = self.scheduler, START + FAULTY
        services.start(self.world, self.scenario.layers)
        if self.scenario.name == "backlog":
            ends += self.scenario.layers.idle_until
        late = self._run_to(ends)
        self.world.calm_down(CALM)
        self.jobs.faults = CALM
        urgent, patient = ["not judged"], ["not judged"]
        while not late and urgent and scheduler.now < ends + QUIET:
            scheduler.run(scheduler.now + 10_000)
            urgent, patient = self._judge()
        while not (late or urgent) and patient and scheduler.now < ends + LONGEST:
            scheduler.run(scheduler.now + 1_800_000)
            urgent, patient = self._judge()
        return late or urgent or patient

    def _run_to(self, end: int) -> list[str]:
        """Run, and look at times that are known exactly where nothing but handlers dies."""
        if self.scenario.name not in {"calm", "backlog"}:
            self.scheduler.run(end)
            return []
        late: list[str] = []
        while self.scheduler.now < end and not late:
            self.scheduler.run(min(self.scheduler.now + 5_000, end))
            late = list(self.world.history.overdue(LEASE * 1000 + 5_000))
        return late

    def _asker(self, index: int) -> Asker:
        random = self.scheduler.random
        webhook = random.choice((None, WILLING, WILLING, UNWILLING))
        if random.random() < 0.03:
            webhook = BROKEN
        wish = Wish(
            request_id=f"request-{index}",
            action=random.choice(self.scenario.actions),
            cancel_after=random.randint(0, 20_000) if random.random() < 0.2 else None,
            webhook=None if webhook is None else f"{ORIGIN}{webhook}",
        )
        kind = Visitor if random.random() < 0.3 else Client
        asker = kind(self.world, self.people, wish)
        asker.start(random.randint(0, 30_000))
        return asker

    def _judge(self) -> tuple[list[str], list[str]]:
        """Give what is wrong now, and what may become right with patience."""
        world, calm = self.world, self.scenario.name == "calm"
        items = {item["request_id"]: item for item in world.history.requests.values()}
        urgent = [*world.history.found, *world.receiver.found, *self.jobs.found]
        patient: list[str] = []
        for asker in self.askers:
            name, action = asker.wish.request_id, asker.wish.action
            faults = outcome_faults(
                asker,
                items.get(name),
                self.jobs,
                calm=calm,
                may_expire=self.scenario.expires < FAULTY // 1000,
            )
            (patient if asker.left and action in DURABLE else urgent).extend(faults)
        urgent += answer_faults(self.people, self.jobs, calm=calm)
        urgent += notice_faults(world)
        urgent += [
            f"{observer.name} subscribed in time and never heard of the end"
            for observer in self.observers
            if observer.subscribed and not observer.knows
        ]
        patient += webhook_faults(world, calm=calm)
        if not urgent:
            patient += place_faults(world, calm=calm)
        return urgent, patient
