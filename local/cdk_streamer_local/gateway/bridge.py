"""The way to the engine's process: questions and answers on one Unix socket, all at once.

Each is JSON behind four bytes of length, and carries the number of its question.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_local.gateway.framing import Framing

Answer = Mapping[str, Any]


class EngineGone(Exception):
    """The engine's process does not answer; whoever asks hears of an internal error."""


class Refused(Exception):
    """The engine's process answered that it failed; the text is for developers."""


class Bridge:
    """Asks the engine's process; connects when it is first needed, and again after a loss."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._transport: asyncio.Transport | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, question: Mapping[str, object]) -> Answer:
        """Ask, and give the answer; raises EngineGone and Refused."""
        transport = await self._connected()
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            transport.write(Framing.encode({**question, "number": number}))
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def _connected(self) -> asyncio.Transport:
        async with self._connecting:
            if self._transport is None or self._transport.is_closing():
                loop = asyncio.get_running_loop()
                try:
                    self._transport, _ = await loop.create_unix_connection(
                        lambda: _Line(self._take, self._lost), self._path
                    )
                except OSError as fault:
                    raise EngineGone(str(fault)) from None
            return self._transport

    def _take(self, message: bytes) -> None:
        told = json.loads(message)
        answer = self._waiting.pop(told["number"], None)
        if answer is None or answer.done():
            return
        if "fault" in told:
            answer.set_exception(Refused(told["fault"]))
        else:
            answer.set_result(told["answer"])

    def _lost(self) -> None:
        self._transport = None
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(EngineGone("the engine's process has ended"))


class _Line(asyncio.Protocol):
    """The connection below the bridge."""

    def __init__(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self._framing = Framing()
        self._take = take
        self._lost = lost

    def data_received(self, data: bytes) -> None:
        """Take what is complete."""
        for message in self._framing.feed(data):
            self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that nothing will be answered any more."""
        del exc
        self._lost()
