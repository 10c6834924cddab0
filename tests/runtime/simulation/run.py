"""One seed: a world, some clients, five minutes of faults, and the verdict."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from cdk_streamer_runtime.dynamodb import unmarshal_item
from cdk_streamer_runtime.memory.api import TABLE
from tests.runtime.simulation.client import Client, Observer
from tests.runtime.simulation.faults import CALM, HARD, Faults
from tests.runtime.simulation.invariants import history_faults, outcome_faults
from tests.runtime.simulation.jobs import Jobs
from tests.runtime.simulation.scheduler import START, Scheduler
from tests.runtime.simulation.world import Layers, World

FAULTY = 300_000  # the faults end here ...
QUIET = 900_000  # ... and by then every request has ended and every client knows
CLIENTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a seed showed; the same seed always shows the same."""

    seed: int
    scenario: str
    faults: tuple[str, ...]
    log: tuple[str, ...]


# Without its watcher a request survives what happens inside a handler, by SQS alone.
KILLED_HANDLERS = Faults(crash_in_handler=0.05, duplicate=0.3, reorder=0.2)


def simulate(seed: int) -> Verdict:
    """Run one seed."""
    logging.disable(logging.CRITICAL)
    scheduler = Scheduler(seed)
    scenario, faults, layers = _draw(scheduler)
    jobs = Jobs(scheduler, faults)
    world = World(scheduler, jobs.app(), faults, layers)
    clients = _clients(world)
    observers = _observers(world, clients) if scenario in {"calm", "slow messages"} else []
    world.start()
    scheduler.run(START + FAULTY)
    world.faults = CALM
    jobs.faults = CALM
    world.sockets.faults = CALM
    found = ["not judged"]
    while found and scheduler.now < START + FAULTY + QUIET:
        scheduler.run(scheduler.now + 10_000)
        found = _judge(world, jobs, clients, observers, scenario)
    scheduler.stop()
    return Verdict(seed=seed, scenario=scenario, faults=tuple(found), log=tuple(scheduler.log))


def _draw(scheduler: Scheduler) -> tuple[str, Faults, Layers]:
    """A fifth of all seeds is calm, a tenth has no watcher, a tenth no stream for a while."""
    draw = scheduler.random.random()
    if draw < 0.15:
        return "calm", CALM, Layers()
    if draw < 0.2:
        return "slow messages", Faults(slow_messages=0.5), Layers()
    if draw < 0.3:
        return "no watcher", KILLED_HANDLERS, Layers(watcher=False)
    faults = HARD.scaled(scheduler.random)
    if draw < 0.4:
        return "stream outage", faults, Layers(stream_outage=True)
    return "hard", faults, Layers()


def _clients(world: World) -> list[Client]:
    random = world.scheduler.random
    clients: list[Client] = []
    for index in range(CLIENTS):
        action = random.choice(("steady", "steady", "flaky", "broken", "endless"))
        cancel = random.randint(0, 20_000) if random.random() < 0.2 else None
        clients.append(Client(world, f"request-{index}", action=action, cancel_after=cancel))
        clients[-1].start(random.randint(0, 30_000))
    return clients


def _observers(world: World, clients: list[Client]) -> list[Observer]:
    """Other devices of the same user, which subscribe once and never poll."""
    return [Observer(world, client, number) for client in clients for number in range(8)]


def _judge(
    world: World, jobs: Jobs, clients: list[Client], observers: list[Observer], scenario: str
) -> list[str]:
    items = {
        item["request_id"]: item
        for item in map(unmarshal_item, world.memory.items(TABLE.name))
        if item["sk"] == "request"
    }
    found = list(history_faults(world.memory.stream_records(TABLE.name)))
    for client in clients:
        item = items.get(client.request_id)
        found += outcome_faults(client, item, jobs, calm=scenario == "calm")
    found += [
        f"{observer.name} subscribed in time and never heard of the end"
        for observer in observers
        if observer.subscribed and not observer.knows
    ]
    return found
