"""Functions, as the gateway invokes them: a few at once of each, within their time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cdk_streamer_local.gateway.apis import INTEGRATION_SECONDS, Api, Ask
from cdk_streamer_local.gateway.bridge import EngineGone, Refused
from cdk_streamer_local.gateway.turns import Turns

# A laptop is no region: each is a process. What is more waits for its turn, in order.
AT_ONCE = 4


class Ending(StrEnum):
    """How an invocation ended for whoever waited for it."""

    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a function answered, if it did."""

    ending: Ending
    result: Any = None


class Functions:
    """Invokes functions through the engine."""

    def __init__(self, ask: Ask, at_once: int = AT_ONCE) -> None:
        self._ask = ask
        self._at_once = at_once
        self._turns: dict[tuple[str, str, str], Turns] = {}
        self._under_way: set[asyncio.Task[Outcome]] = set()

    async def invoke(
        self,
        api: Api,
        function: str,
        event: Mapping[str, Any],
        seconds: float = INTEGRATION_SECONDS,
        *,
        is_patient: bool = False,
    ) -> Outcome:
        """Invoke when it is this one's turn; the time counts from then on.

        Who `is_patient` comes after all others: nobody waits for what it does.
        """
        key = (api.account, api.region, function)
        turns = self._turns.setdefault(key, Turns(self._at_once))
        await turns.take(is_patient=is_patient)
        running = asyncio.ensure_future(self._run(api, function, event))
        self._under_way.add(running)
        # A function that was given up runs on, as on AWS, and has its place until it ends.
        running.add_done_callback(lambda _: turns.give())
        running.add_done_callback(self._under_way.discard)
        try:
            return await asyncio.wait_for(asyncio.shield(running), seconds)
        except TimeoutError:
            return Outcome(ending=Ending.TIMED_OUT)

    async def _run(self, api: Api, function: str, event: Mapping[str, Any]) -> Outcome:
        question = {
            "kind": "invoke",
            "function": function,
            "account": api.account,
            "region": api.region,
            "event": event,
        }
        try:
            answer = await self._ask(question)
        except (EngineGone, Refused):
            return Outcome(ending=Ending.FAILED)
        if "error" in answer:
            return Outcome(ending=Ending.FAILED)
        return Outcome(ending=Ending.ANSWERED, result=answer.get("result"))
