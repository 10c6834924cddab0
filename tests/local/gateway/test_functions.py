"""What an invocation's time is counted from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from cdk_streamer_local.gateway.functions import Ending, Functions
from tests.local.gateway.test_events import API


def test_waiting_for_a_place_does_not_count():
    async def endings() -> tuple[Ending, Ending]:
        released = asyncio.Event()

        async def ask(question: Mapping[str, object]) -> Mapping[str, Any]:
            if question["event"] == {"is": "first"}:
                await released.wait()
            return {"result": None}

        functions = Functions(ask, at_once=1)
        first = asyncio.ensure_future(functions.invoke(API, "talk", {"is": "first"}, 0.01))
        second = asyncio.ensure_future(functions.invoke(API, "talk", {"is": "second"}, 5))
        given_up = await first
        assert not second.done()  # the place is the first one's until its function ends
        third = asyncio.ensure_future(functions.invoke(API, "talk", {"is": "third"}, 1e-9))
        await asyncio.sleep(0.01)
        assert not third.done()
        released.set()
        third.cancel()
        return given_up.ending, (await second).ending

    assert asyncio.run(endings()) == (Ending.TIMED_OUT, Ending.ANSWERED)
