"""One seed: a sink, its world, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from tests.runtime.simulation.scheduler import Scheduler
from tests.runtime.simulation.silence import silence
from tests.runtime.sinks.simulation.judge import judge
from tests.runtime.sinks.simulation.locks import simulated_locks
from tests.runtime.sinks.simulation.scenarios import Scenario, scenario_of
from tests.runtime.sinks.simulation.strategies.ours import Ours
from tests.runtime.sinks.simulation.weather import HOUR, MINUTE
from tests.runtime.sinks.simulation.world import Strategy, World

PATIENCE = 4 * HOUR  # after which what is not delivered never will be


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one run showed; the same seed always shows the same."""

    seed: int
    weather: str
    messages: int
    deliveries: int
    probes: int
    invocations: int
    faults: tuple[str, ...]
    log: tuple[str, ...]


def simulate(seed: int) -> Verdict:
    """Run one seed."""
    scheduler = Scheduler(seed)
    scenario = scenario_of(scheduler.random, seed)
    world, faults = played(scenario, scheduler, Ours())
    deliveries = world.downstream.deliveries
    return Verdict(
        seed=seed,
        weather=scenario.weather.value,
        messages=len(scenario.messages),
        deliveries=len(deliveries),
        probes=sum(each.probing for each in deliveries) + len(world.downstream.asked),
        invocations=world.function.counts["invocations"],
        faults=faults,
        log=tuple(scheduler.log),
    )


def played(
    scenario: Scenario, scheduler: Scheduler, strategy: Strategy
) -> tuple[World, tuple[str, ...]]:
    """Let a scenario happen under a strategy; give the world and what was wrong with it."""
    with silence(), simulated_locks(scheduler):
        world = World(scenario, scheduler, strategy)
        world.start()
        scheduler.run(scenario.disturbed_until)
        world.calm_down()
        until = scenario.disturbed_until
        while not _is_at_rest(world) and until < scenario.disturbed_until + PATIENCE:
            until += 5 * MINUTE
            scheduler.run(until)
        scheduler.run(until + 10 * MINUTE)  # what lands late, and two looks of the reconciler
        faults = tuple(judge(world))
    scheduler.stop()
    return world, faults


def _is_at_rest(world: World) -> bool:
    return not world.queue.messages and not world.commands.messages and world.mapping.enabled
