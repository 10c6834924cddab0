"""Writers and dispatchers at once: whoever comes between any two calls of the other loses nothing.

Each scenario is run once for every call of the one, with the whole of the other before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cdk_streamer_runtime.contract.timers import TIMER_CLASSES
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.dispatch.dispatcher import Dispatcher
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.service.service import TimerService
from cdk_streamer_runtime.timers.table.pages import Pages
from cdk_streamer_runtime.timers.table.shards import Shards
from cdk_streamer_runtime.timers.table.store import TimerStore
from tests.runtime.observed_aws import Killed, ObservedAws
from tests.runtime.timers.service_world import (
    LOOK_AHEAD,
    MINUTE,
    ServiceWorld,
    at,
    every,
    timer,
)
from tests.runtime.timers.world import DEAD, FIRINGS, TABLE

WRITE = 420  # when the write happens, in seconds from the beginning
END = 900
_TICK = 30
_LONG = 600_000

Act = Callable[[], object]
Write = Callable[[TimerService], object]
Race = Callable[[int, "Scenario", ServiceWorld], ObservedAws]


@dataclass(slots=True)
class InterruptedAws(ObservedAws):
    """Lets something happen before one of its calls."""

    at: int = -1
    act: Act = lambda: None

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        if len(self.calls) == self.at:
            self.at = -1
            self.act()
        return ObservedAws.call(self, service, operation, parameters)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A timer, and how it is written at `WRITE`; without a definition it is not there before."""

    before: Definition | None
    write: Write
    after: Definition
    full: bool = False


def put(definition: Definition, *, full: bool = False) -> Scenario:
    return Scenario(None, lambda service: service.put(definition), definition, full)


def edit(before: Definition, after: Definition, *, full: bool = False) -> Scenario:
    return Scenario(before, lambda service: service.put(after), after, full)


SCENARIOS = {
    "a new timer in the wheel": put(timer(every(45, 7))),
    "a new timer below a minute": put(timer(every(7))),
    "a new chain": put(timer(every(45, 7)), full=True),
    "a new one-shot": put(timer(at(WRITE + 100))),
    "a new one-shot at the edge": put(timer(at(WRITE + LOOK_AHEAD))),
    "another period": edit(timer(every(40)), timer(every(60))),
    "a period that shares moments": edit(timer(every(60)), timer(every(20))),
    "another second of the same slot": edit(timer(every(300, 7)), timer(every(300, 9))),
    "an end": edit(timer(every(40)), timer(every(40), end=MINUTE + WRITE + 130)),
    "other data": edit(timer(every(40)), timer(every(40), data='"new"')),
    "other data of a chain": edit(timer(every(40)), timer(every(40), data='"new"'), full=True),
    "another chain": edit(timer(every(40)), timer(every(60)), full=True),
    "a one-shot that is put off": edit(timer(at(WRITE + 100)), timer(at(WRITE + 300))),
    "a one-shot that becomes a timer": edit(timer(at(WRITE + 100)), timer(every(45))),
    "a timer that comes back": edit(timer(every(40), paused=True), timer(every(40))),
    "a chain that comes back": edit(timer(every(40), paused=True), timer(every(40)), full=True),
}


def dispatcher(world: ServiceWorld, aws: ObservedAws) -> Dispatcher:
    sender = Sender(aws, world.url(FIRINGS), world.url(DEAD), world.platform, world.meter)
    return Dispatcher(
        shards=Shards(Table(aws, TABLE)),
        pages=Pages(aws, TABLE),
        sender=sender,
        platform=world.platform,
        metrics=world.meter,
        look_ahead=LOOK_AHEAD,
    )


def service(world: ServiceWorld, aws: ObservedAws) -> TimerService:
    sender = Sender(aws, world.url(FIRINGS), world.url(DEAD), world.platform, world.meter)
    return TimerService(
        store=TimerStore(Table(aws, TABLE), new_token=world.platform.new_id),
        sender=sender,
        platform=world.platform,
        shards=1,
        look_ahead=LOOK_AHEAD,
        strict=world.strict,
        metrics=world.meter,
    )


def tick(world: ServiceWorld, aws: ObservedAws | None = None) -> None:
    dispatcher(world, aws or ObservedAws(world.memory)).dispatch("", world.platform.now + _LONG)


def run_until(world: ServiceWorld, second: int) -> None:
    while world.now < MINUTE + second:
        tick(world)
        world.platform.now = min((world.now // _TICK + 1) * _TICK * 1000, (MINUTE + second) * 1000)


def begun(scenario: Scenario, *, strict: bool) -> ServiceWorld:
    """Have a world at the moment of the write, with dispatchers that came on time."""
    world = ServiceWorld(strict=strict)
    if scenario.full:
        world.table.put({"pk": "c#", "sk": "#count", "classes": TIMER_CLASSES})
    if scenario.before is not None:
        world.service.put(scenario.before)
    run_until(world, WRITE)
    # Half a second after a tick would come: a new window can be claimed at this moment.
    world.platform.advance(500)
    return world


def lost(world: ServiceWorld, scenario: Scenario) -> list[int]:
    """Give what should have fired in the end, and did not."""
    run_until(world, END)
    stored = world.stored("a")
    wanted = {
        each.fire_at - MINUTE
        for each in scenario.after.occurrences(MINUTE + WRITE + 1, MINUTE + END)
    }
    if scenario.before is not None and not scenario.before.paused:
        wanted |= {
            each.fire_at - MINUTE
            for each in scenario.before.occurrences(MINUTE, MINUTE + WRITE + 1)
        }
    heard = {
        second
        for second, rev in world.taken()
        if not world.strict or rev == stored.rev or (second + MINUTE) * 1000 < stored.updated_at
    }
    return sorted(wanted - heard)


def dispatched_before_call(number: int, scenario: Scenario, world: ServiceWorld) -> ObservedAws:
    """Write; before that call of it, a dispatcher does all that it has to do."""
    aws = InterruptedAws(world.memory, at=number, act=lambda: tick(world))
    scenario.write(service(world, aws))
    return aws


def written_before_call(number: int, scenario: Scenario, world: ServiceWorld) -> ObservedAws:
    """Dispatch; before that call of it, somebody writes."""
    writer = service(world, ObservedAws(world.memory))
    aws = InterruptedAws(world.memory, at=number, act=lambda: scenario.write(writer))
    tick(world, aws)
    return aws


def killed_after_call(number: int, scenario: Scenario, world: ServiceWorld) -> ObservedAws:
    """Write and die after that call; a dispatcher comes, and then the client once more."""
    aws = ObservedAws(world.memory, kill_after={number})
    try:
        scenario.write(service(world, aws))
    except Killed:
        tick(world)
        scenario.write(service(world, ObservedAws(world.memory)))
    return aws


def losses(race: Race, scenario: Scenario, *, strict: bool) -> dict[int, list[int]]:
    """Give what is lost when the race is at each of its calls."""
    never = race(-1, scenario, begun(scenario, strict=strict))
    found: dict[int, list[int]] = {}
    for number in range(len(never.calls)):
        world = begun(scenario, strict=strict)
        race(number, scenario, world)
        found[number] = lost(world, scenario)
    return found


@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("race", [dispatched_before_call, written_before_call, killed_after_call])
def test_whoever_comes_between_loses_nothing(race: Race, name: str, *, strict: bool):
    found = losses(race, SCENARIOS[name], strict=strict)
    assert found
    assert {number: seconds for number, seconds in found.items() if seconds} == {}
