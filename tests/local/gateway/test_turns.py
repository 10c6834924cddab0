"""Whose turn it is."""

from __future__ import annotations

import asyncio

from cdk_streamer_local.gateway.turns import Turns


async def queued(turns, order, name, *, is_patient=False):
    await turns.take(is_patient=is_patient)
    order.append(name)
    turns.give()


def test_who_is_patient_lets_all_others_go_first():
    async def run():
        turns, order = Turns(1), []
        await turns.take()
        waiting = [
            asyncio.ensure_future(queued(turns, order, "left", is_patient=True)),
            asyncio.ensure_future(queued(turns, order, "came")),
            asyncio.ensure_future(queued(turns, order, "came too")),
        ]
        await asyncio.sleep(0)
        turns.give()
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(run()) == ["came", "came too", "left"]


def test_who_gave_up_leaves_the_place_to_the_next():
    async def run():
        turns, order = Turns(1), []
        await turns.take()
        gone = asyncio.ensure_future(queued(turns, order, "gone"))
        there = asyncio.ensure_future(queued(turns, order, "there"))
        await asyncio.sleep(0)
        turns.give()  # it is its turn, and then it goes
        gone.cancel()
        await there
        return order

    assert asyncio.run(run()) == ["there"]
