"""What a sink promises, and what of it a world shows to be broken."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from cdk_streamer_runtime.contract.sinks import SinkRow
from cdk_streamer_runtime.sinks.rows import row_key
from tests.runtime.simulation.scheduler import START
from tests.runtime.sinks.simulation.downstream import Delivery, Sick
from tests.runtime.sinks.simulation.weather import MINUTE, SECOND, Weather
from tests.runtime.sinks.simulation.world import World

LATE = 2 * MINUTE  # after which a call lands at most that its caller gave up


def judge(world: World) -> Iterator[str]:
    """Tell of everything that is not as promised, once the world has come to rest."""
    yield from world.found
    yield from _judge_ends(world)
    yield from _judge_rejected(world)
    yield from _judge_rate(world)
    yield from _judge_probes(world)
    yield from _judge_outage(world)
    yield from _judge_mapping(world)
    yield from _judge_memory(world)
    if world.scenario.fifo:
        yield from _judge_order(world)
    if world.scenario.weather is Weather.CALM:
        yield from _judge_calm(world)


def _judge_ends(world: World) -> Iterator[str]:
    """Every message came to one end, and the right one."""
    downstream, dead = world.downstream, world.history.dead
    left = {world.key_of(each) for each in world.queue.messages.values()}
    rejected = {world.key_of(each) for each in world.rejected.messages.values()}
    for sent in world.scenario.messages:
        sick, key = world.scenario.sick.get(sent.key), sent.key
        stored = key in downstream.stored
        if key in left:
            yield f"{key} is still in the queue"
        if key in rejected and sick is not Sick.POISON:
            yield f"{key} was rejected although nothing is wrong with it"
        if sick is None:
            if key in dead and not _is_worn_out(world, key):
                receives = len(world.history.receives.get(key, ()))
                yield f"{key} is a dead letter after {receives} receives, and is healthy"
            if not stored and key not in left and key not in dead:
                yield f"{key} was lost"
        elif key not in rejected and key not in dead and key not in left:
            yield f"{key} ({sick}) was lost"
        elif sick is Sick.POISON and key in dead and not _is_worn_out(world, key):
            yield f"{key} ({sick}) is a dead letter, and was to be rejected"
    if world.lost_commands.messages:
        yield f"{len(world.lost_commands.messages)} commands are dead letters"


def _is_worn_out(world: World, key: str) -> bool:
    """Tell whether most receives of a message ended with their process, which nobody can help."""
    killed = sum(each.error == "killed" for each in world.downstream.deliveries if each.key == key)
    beside = sum(each.key == key for each in world.downstream.deliveries) - killed
    return killed > beside


def _judge_rejected(world: World) -> Iterator[str]:
    for message in world.rejected.messages.values():
        if not {"cdk-streamer.reason", "cdk-streamer.message-id"} <= set(message.attributes):
            yield f"{world.key_of(message)} was rejected without a reason"


def _judge_rate(world: World) -> Iterator[str]:
    """In any second no more deliveries begin than the rate and one batch."""
    scenario = world.scenario
    if scenario.rate is None:
        return
    began = sorted(each.began for each in world.downstream.deliveries if not each.probing)
    most = math.ceil(scenario.rate) + scenario.batch
    worst = max(
        ((bisect_left(began, at + SECOND) - place, at) for place, at in enumerate(began)),
        default=(0, 0),
    )
    if worst[0] > most:
        yield f"{worst[0]} deliveries began in a second from {worst[1] - START}, not {most}"


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
    if not world.strategy.has_controller:
        return
    for start, end in _open_spans(world):
        beside = [
            each
            for each in world.downstream.deliveries
            if start + world.scenario.timeout + 20 * SECOND < each.began < end and not each.probing
        ]
        if beside:
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
    if not world.strategy.has_controller:
        return
    if not mapping.enabled:
        yield "the mapping is disabled at the end"
    well = scenario.disturbed_until
    bound = scenario.longest_pause + scenario.probe_time + world.controller_timeout + 7 * MINUTE
    enabled = _enabled_at(world, well)
    if enabled is None or enabled > well + bound:
        yield f"the mapping was not enabled within {bound // SECOND} s"
    if scenario.held is None:
        return
    held = (scenario.held.start + 12 * MINUTE, scenario.held.end)
    if any(enabled and held[0] < at < held[1] for at, enabled in mapping.switched):
        yield "the mapping was enabled while an operator held it"


def _enabled_at(world: World, since: int) -> int | None:
    """Give from when on, at that moment or later, the mapping was enabled for the first time."""
    enabled = True
    for at, switched in world.mapping.switched:
        if at > since and enabled:
            return since
        enabled = switched
        if at > since and enabled:
            return at
    return since if enabled else None


def _judge_memory(world: World) -> Iterator[str]:
    """What is remembered is not delivered again, or at the same time."""
    if not world.scenario.remember:
        return
    for key, times in world.downstream.stored.items():
        forgotten = sum(
            each.error is not None or each.probing
            for each in world.downstream.deliveries
            if each.key == key and each.taken is not None
        )
        if len(times) > 1 + forgotten + world.doubts[row_key(SinkRow.DELIVERY, key)["pk"]]:
            yield f"{key} was stored {len(times)} times, though deliveries are remembered"


def _judge_order(world: World) -> Iterator[str]:
    """Within a group nothing is begun before all that was sent before it has come to an end."""
    place = {sent.key: number for number, sent in enumerate(world.scenario.messages)}
    lines: dict[str, list[str]] = {}
    for sent in world.scenario.messages:
        lines.setdefault(sent.group, []).append(sent.key)
    first: dict[str, int] = {}
    for each in world.downstream.deliveries:
        first.setdefault(each.key, each.began)
    for line in lines.values():
        for before, after in pairwise(line):
            done = _end_of(world, before)
            if after in first and (done is None or first[after] < done):
                yield f"{after} began before {before} had come to an end ({place[after]})"


def _end_of(world: World, key: str) -> int | None:
    ends = [
        *world.downstream.stored.get(key, ())[:1],
        *world.history.acknowledged.get(key, ())[:1],
        *([world.history.dead[key]] if key in world.history.dead else []),
    ]
    if world.scenario.sick.get(key) is Sick.POISON:
        ends += [
            each.ended for each in world.downstream.deliveries if each.key == key and each.ended
        ]
    return min(ends, default=None)


def _judge_calm(world: World) -> Iterator[str]:
    """Where nothing goes wrong nothing is done twice."""
    broken = world.scenario.sick
    for key, times in world.history.receives.items():
        if len(times) > 1 and key not in broken:
            yield f"{key} was received {len(times)} times although nothing fails"
    for key, times in world.downstream.stored.items():
        if len(times) > 1:
            yield f"{key} was stored {len(times)} times although nothing fails"
    if world.history.circuit and not broken:
        yield "the circuit has changed although nothing fails"
    if world.mapping.switched:
        yield "the mapping was changed although nothing fails"
