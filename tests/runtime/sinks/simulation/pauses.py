"""What a sink promises of its circuit: pauses, probes, and what operators want."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from cdk_streamer_runtime.contract.sinks import SinkRow
from tests.runtime.simulation.scheduler import START
from tests.runtime.sinks.simulation.downstream import Delivery
from tests.runtime.sinks.simulation.mapping import Switch
from tests.runtime.sinks.simulation.weather import HOUR, MINUTE, SECOND, Weather
from tests.runtime.sinks.simulation.world import World

IN_A_SECOND = 50  # deliveries of one process, which for so long believes what it has read


def judge_pauses(world: World) -> Iterator[str]:
    """Tell of everything about the circuit that is not as promised."""
    yield from _judge_probes(world)
    if not world.strategy.has_controller:
        return
    yield from _judge_outage(world)
    yield from _judge_mapping(world)
    yield from _judge_pauses(world)
    yield from _judge_redrive(world)
    yield from _judge_trials(world)
    yield from _judge_tries(world)
    yield from _judge_wakeups(world)
    yield from _judge_receives(world)


def _judge_probes(world: World) -> Iterator[str]:
    """There is one probe at a time."""
    probes = [each for each in world.downstream.deliveries if each.probing]
    probes += world.downstream.asked
    last: Delivery | None = None
    for probe in sorted(probes, key=lambda each: each.began):
        if last is not None and (last.ended is None or probe.began < last.ended):
            yield f"{probe.key} was probed at {probe.began - START} beside {last.key}"
        last = probe


def _judge_outage(world: World) -> Iterator[str]:
    """While the circuit is open only probes are made, after what was begun is over."""
    for start, end in _open_spans(world):
        beside = [
            each
            for each in world.downstream.deliveries
            if start + world.scenario.timeout + 20 * SECOND < each.began < end and not each.probing
        ]
        # A process that cannot read the circuit asks the downstream, and where the controller does
        # not come for long a worker makes its trial.
        trials = sum(each.trial.startswith("worker") for each in world.history.circuit)
        if len(beside) > trials + world.doubts[SinkRow.CIRCUIT] * IN_A_SECOND:
            first = beside[0]
            yield f"{first.key} was tried at {first.began - START} while the circuit was open"


def _open_spans(world: World) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for state in world.history.circuit:
        if state.state != "closed" or state.held:
            start = state.at if start is None else start
        elif start is not None:
            yield start, state.at
            start = None
    if start is not None:
        yield start, world.scheduler.now


def _judge_mapping(world: World) -> Iterator[str]:
    """In the end, and soon after the downstream is well, messages are polled."""
    scenario, mapping = world.scenario, world.mapping
    if world.is_stuck:
        return
    if not mapping.enabled:
        yield "the mapping is disabled at the end"
    well = scenario.disturbed_until
    bound = scenario.longest_pause + scenario.probe_time + world.controller_timeout + 7 * MINUTE
    enabled = _enabled_at(world, well)
    waits = any(
        each.began > well + bound and each.key not in scenario.sick
        for each in world.downstream.deliveries
    )
    if enabled is None or (enabled > well + bound and waits):
        yield f"the mapping was not enabled within {bound // SECOND} s"
    if scenario.held is None:
        return
    held = (scenario.held.start + 12 * MINUTE, scenario.held.end)
    for each in mapping.switched:
        if each.enabled and each.by == "controller" and held[0] < each.at < held[1]:
            yield f"the mapping was enabled at {each.at - START} while an operator held it"


def _enabled_at(world: World, since: int) -> int | None:
    """Give from when on, at that moment or later, the mapping was enabled for the first time."""
    if _is_enabled(world, since):
        return since
    later = (each.at for each in world.mapping.switched if each.enabled and each.at >= since)
    return next(later, None)


def _is_enabled(world: World, at: int) -> bool:
    before = [each.enabled for each in world.mapping.switched if each.at < at]
    return before[-1] if before else True


def _judge_pauses(world: World) -> Iterator[str]:
    """Soon after the circuit opens, and also after a deployment, nothing is polled."""
    for start, end in _open_spans(world):
        bound = _bound_of_pausing(world, start)
        on = start if _is_enabled(world, start) else None
        for each in (*world.mapping.switched, Switch(end, enabled=False, by="end")):
            if start <= each.at <= end:
                if on is not None and each.at > on + bound:
                    yield f"the mapping was enabled from {on - START} on in an open circuit"
                on = each.at if each.enabled else None


def _bound_of_pausing(world: World, opened_at: int) -> int:
    """Give how long it may take: who opens it tells the controller, unless it dies then."""
    if world.scenario.weather is Weather.HARD:
        return 20 * MINUTE
    died = any(opened_at <= at < opened_at + 15 * SECOND for at in world.deaths.values())
    return 12 * MINUTE if died or world.scenario.deployed_at else 2 * MINUTE


def _judge_redrive(world: World) -> Iterator[str]:
    """Dead letters come back only to a downstream that is well."""
    for at, command, outcome in world.history.commands:
        answer = outcome.answer if command == "redrive" and outcome.answer else {}
        states = [each for each in world.history.circuit if each.at <= at - 20 * SECOND]
        changed = any(at - 20 * SECOND < each.at <= at for each in world.history.circuit)
        if answer.get("started") and states and not changed and states[-1].state != "closed":
            yield f"a redrive was started at {at - START} while the circuit was not closed"


def _judge_trials(world: World) -> Iterator[str]:
    """In a long outage there are few probes, and fewer the longer it lasts."""
    scenario = world.scenario
    if scenario.weather is not Weather.OUTAGE:
        return
    (away,) = scenario.trouble.away
    doublings = math.ceil(math.log2(scenario.longest_pause / scenario.pause))
    most = doublings + (away.end - away.start) // scenario.longest_pause + 5
    probes = [
        each
        for each in (*world.downstream.deliveries, *world.downstream.asked)
        if each.probing and each.began in away
    ]
    if len(probes) > most:
        yield f"there were {len(probes)} probes in one outage, not {most}"


def _judge_tries(world: World) -> Iterator[str]:
    """A downstream that is away is soon left alone, but for probes."""
    scenario = world.scenario
    if scenario.weather not in {Weather.OUTAGE, Weather.HANGING} or scenario.rate is None:
        return
    (away,) = scenario.trouble.away or scenario.trouble.hanging
    tried = [
        each for each in world.downstream.deliveries if each.began in away and not each.probing
    ]
    # What a worker knows of the circuit is a second old, and what is slow goes on meanwhile.
    together = scenario.batch if scenario.in_batches else 1
    most = 3 * scenario.failures * together + scenario.workers * scenario.batch
    most += int(2 * scenario.rate)
    if scenario.trouble.hanging:
        most = (3 * scenario.failures + 2 * scenario.workers) * together
    if len(tried) > most:
        yield f"there were {len(tried)} deliveries to a downstream that was away, not {most}"


def _judge_wakeups(world: World) -> Iterator[str]:
    """A trial is made when its pause is over, not when somebody happens to look."""
    scenario = world.scenario
    if scenario.weather in {Weather.HARD, Weather.HANGING} or scenario.held:
        return
    for before, after in pairwise(world.history.circuit):
        if before.state != "open":
            continue
        growing = scenario.pause * 2 ** max(before.openings - 1, 0)
        due = before.at + min(growing, scenario.longest_pause)
        died = any(before.at <= at <= after.at for at in world.deaths.values())
        if after.at > due + 2 * MINUTE and not died:
            yield f"the trial that was due at {due - START} was made at {after.at - START}"


def _judge_receives(world: World) -> Iterator[str]:
    """A message that is tried again and again is not received each time."""
    if world.scenario.weather is not Weather.OUTAGE or world.scenario.deployed_at:
        return
    for start, end in _open_spans(world):
        most = 3 + (end - start) // HOUR
        for key, times in world.history.receives.items():
            received = sum(start + 3 * MINUTE < at < end for at in times)
            if received > most and key not in world.scenario.sick:
                yield f"{key} was received {received} times in an open circuit, not {most}"
