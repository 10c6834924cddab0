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
from tests.runtime.sinks.simulation.pauses import judge_pauses
from tests.runtime.sinks.simulation.weather import SECOND, Weather
from tests.runtime.sinks.simulation.world import World


def judge(world: World) -> Iterator[str]:
    """Tell of everything that is not as promised, once the world has come to rest."""
    yield from world.found
    yield from _judge_ends(world)
    yield from _judge_rejected(world)
    yield from _judge_rate(world)
    yield from judge_pauses(world)
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
        if key in left and not world.is_stuck:
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


def _judge_memory(world: World) -> Iterator[str]:
    """What is remembered is not delivered again, or at the same time."""
    if not world.scenario.remember:
        return
    for key, times in world.downstream.stored.items():
        forgotten = sum(
            each.error is not None or each.probing or _died_after(world, each)
            for each in world.downstream.deliveries
            if each.key == key and each.taken is not None
        )
        if len(times) > 1 + forgotten + world.doubts[row_key(SinkRow.DELIVERY, key)["pk"]]:
            yield f"{key} was stored {len(times)} times, though deliveries are remembered"


def _died_after(world: World, delivery: Delivery) -> bool:
    """Tell whether the process was gone before it could remember what it had delivered."""
    died = world.deaths.get(delivery.sandbox)
    taken = delivery.taken or delivery.began
    return died is not None and died - taken < world.scenario.timeout


def _judge_order(world: World) -> Iterator[str]:
    """Within a group nothing is begun before all that was sent before it has come to an end."""
    place = {sent.key: number for number, sent in enumerate(world.scenario.messages)}
    lines: dict[str, list[str]] = {}
    for sent in world.scenario.messages:
        lines.setdefault(sent.group, []).append(sent.key)
    first: dict[str, tuple[int, str]] = {}
    for each in world.downstream.deliveries:
        first.setdefault(each.key, (each.began, each.sandbox))
    calls = {(each.key, each.began, each.sandbox) for each in world.downstream.deliveries}
    for line in lines.values():
        for before, after in pairwise(line):
            if after not in first or (before, *first[after]) in calls:
                continue  # one call of a batch
            done = _end_of(world, before)
            if done is None or first[after][0] < done:
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
    groups = {sent.key: sent.group for sent in world.scenario.messages}
    held_up = {groups[key] for key in broken} if world.scenario.fifo else set[str]()
    for key, times in world.history.receives.items():
        if len(times) > 1 and key not in broken and groups[key] not in held_up:
            yield f"{key} was received {len(times)} times although nothing fails"
    for key, times in world.downstream.stored.items():
        if len(times) > 1:
            yield f"{key} was stored {len(times)} times although nothing fails"
    if world.history.circuit and not broken:
        yield "the circuit has changed although nothing fails"
    if world.mapping.switched:
        yield "the mapping was changed although nothing fails"
