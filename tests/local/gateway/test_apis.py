"""Descriptions of APIs, which are asked for again after a second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from cdk_streamer_local.gateway.apis import Apis
from cdk_streamer_local.gateway.bridge import EngineGone
from tests.local.gateway.engine import api


class Engine:
    """Answers, unless it is away; counts its questions."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0

    async def ask(self, question: Mapping[str, object]) -> Mapping[str, Any]:
        del question
        self.asked += 1
        if self.is_away:
            raise EngineGone("it is away")
        return api({"$default": "talk"})


def test_an_engine_that_comes_back_is_heard_at_once():
    engine = Engine()
    apis = Apis(engine.ask, clock=lambda: 0.0)

    async def ask_twice() -> object:
        engine.is_away = True
        with pytest.raises(EngineGone):
            await apis.find("chat")
        engine.is_away = False
        return await apis.find("chat")

    assert asyncio.run(ask_twice()) is not None


def test_within_a_second_an_api_is_asked_for_once():
    engine = Engine()
    apis = Apis(engine.ask, clock=lambda: 0.0)

    async def ask_often() -> None:
        await asyncio.gather(*(apis.find("chat") for _ in range(10)))
        await apis.find("chat")

    asyncio.run(ask_often())

    assert engine.asked == 1
