"""What is kept in the end, however long it takes: webhooks, places, patient requests."""

from __future__ import annotations

from collections.abc import Iterator

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.limits.slots import HEALED_AFTER, Slots
from cdk_streamer_runtime.memory.resources import TABLE, WEBHOOK_DEAD_LETTERS
from cdk_streamer_runtime.requests.rollcall import RollCall
from tests.runtime.simulation.history import ENDED
from tests.runtime.simulation.receiver import BROKEN, GONE, NO_CONTENT, ORIGIN
from tests.runtime.simulation.world import World

DELIVERIES = 10


def webhook_faults(world: World, *, calm: bool) -> Iterator[str]:
    """Tell of webhooks that are not delivered, or are said to be without it."""
    yield from world.receiver.found
    dead = "".join(world.memory.messages(WEBHOOK_DEAD_LETTERS.name))
    for key, item in world.history.requests.items():
        calls = world.receiver.calls.get(key, [])
        name, kind = item["request_id"], item.get("webhook", "").removeprefix(ORIGIN)
        if calls and not kind:
            yield f"{name} called a webhook that nobody asked for"
        if not kind or item["state"] not in ENDED:
            continue
        settled = [call for call in calls if call.status in {NO_CONTENT, GONE}]
        if kind == BROKEN and key not in dead:
            yield f"{name} has a webhook that is neither delivered nor dead-lettered"
        if kind != BROKEN and not settled:
            yield f"{name} has a webhook that was not delivered"
        if calm and len(calls) != (DELIVERIES if kind == BROKEN else 1):
            yield f"{name} called its webhook {len(calls)} times although nothing failed"


def notice_faults(world: World) -> Iterator[str]:
    """Tell of webhooks that are said to be delivered, and are not."""
    for key, item in world.history.requests.items():
        calls = world.receiver.calls.get(key, [])
        if "notified_at" in item and not any(call.is_settled for call in calls):
            yield f"{item['request_id']} is noted as notified, and is not"


def place_faults(world: World, *, calm: bool) -> Iterator[str]:
    """Tell of limits whose count is wrong after everything has ended."""
    yield from world.history.unplaced()
    if any(item["state"] not in ENDED for item in world.history.requests.values()):
        return
    if calm:
        yield from world.history.held()
        return
    now = world.scheduler.now + HEALED_AFTER
    table = Table(world.memory, TABLE.name)
    slots = Slots(table, RollCall(table).ended)
    for limit, held in list(world.history.limits.items()):
        if held.get("slots"):
            slots.heal(limit, held["slots"], now)
    world.stirred("dynamodb", "UpdateItem")
    yield from world.history.held()
