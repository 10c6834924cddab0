"""Many clients in one process: the least that a WebSocket client can do, so that it hides nothing.

    python -m benchmarks._crowd

Each line of stdin is a command as JSON, each line of stdout its answer. Clients speak frames made
by hand, come back with our clients' backoff when they are dropped, and count what became of it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import resource
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from cdk_streamer_client.timing import Timing

_TEXT = 0x1
_CLOSE = 0x8
# https://www.rfc-editor.org/rfc/rfc6455#section-5.2: a length of two bytes, or of eight, follows
_TWO, _EIGHT = 126, 127
_HEAD = 2
_TIMING = Timing()
_OPEN_SECONDS = 10.0  # as our clients wait


class Crowd:
    """All clients, and what became of them."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.address = ("127.0.0.1", 0)
        self.tls: ssl.SSLContext | None = None
        self.heads: list[bytes] = []
        self.returns = False
        self.open = 0
        self.opened_at: list[float] = []
        self.attempts = 0
        self.refusals: Counter[str] = Counter()
        self.changed = asyncio.Event()

    async def connect(self, command: dict[str, Any]) -> dict[str, Any]:
        """Open so many at a steady rate; who is refused tries again."""
        self.address = (command["host"], command["port"])
        self.heads = [head.encode() for head in command["heads"]]
        if command.get("ca"):
            self.tls = ssl.create_default_context(cafile=command["ca"])
        began, self.returns = time.monotonic(), True
        self._forget_counts()
        first = len(self.links)
        for number in range(command["count"]):
            link = Link(self, self.heads[(first + number) % len(self.heads)], command["source"])
            self.links.append(link)
            link.attempt()
            pause = began + (number + 1) / command["rate"] - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
        return await self._all_open(began)

    async def drop(self, _: dict[str, Any]) -> dict[str, Any]:
        """Cut all connections at once, without a word, and wait until all are back."""
        self._forget_counts()
        began = time.monotonic()
        for link in self.links:
            link.cut()
        return await self._all_open(began)

    async def subscribe(self, command: dict[str, Any]) -> dict[str, Any]:
        """Have each n-th client follow one of some requests, and say what it hears in a while."""
        chosen = self.links[:: command["every"]]
        requests: list[str] = command["requests"]
        for number, link in enumerate(chosen):
            link.heard = []
            payload = {"request_id": requests[number % len(requests)]}
            link.say({"action": "subscribe", "id": f"s{number}", "payload": payload})
        await asyncio.sleep(command["seconds"])
        return {"heard": [link.heard for link in chosen]}

    async def close(self, _: dict[str, Any]) -> dict[str, Any]:
        """End all."""
        self.returns = False
        for link in self.links:
            link.cut()
        self.links.clear()
        while self.open:
            await self._change()
        return {}

    def opened(self) -> None:
        """Count one that is open."""
        self.open += 1
        self.opened_at.append(time.monotonic())
        self.changed.set()

    def closed(self) -> None:
        """Count one that was open."""
        self.open -= 1
        self.changed.set()

    async def _all_open(self, began: float) -> dict[str, Any]:
        while len(self.opened_at) < len(self.links) or self.open < len(self.links):
            await self._change()
        waits = sorted(at - began for at in self.opened_at)
        return {
            "open": self.open,
            "waits": waits,
            "attempts": self.attempts,
            "refusals": self.refusals,
        }

    async def _change(self) -> None:
        self.changed.clear()
        await self.changed.wait()

    def _forget_counts(self) -> None:
        self.opened_at = []
        self.attempts = 0
        self.refusals = Counter()


class Link(asyncio.Protocol):
    """One client."""

    __slots__ = (
        "_connecting",
        "_crowd",
        "_failures",
        "_head",
        "_received",
        "_retry",
        "_source",
        "_timer",
        "_transport",
        "heard",
        "is_open",
    )

    def __init__(self, crowd: Crowd, head: bytes, source: str) -> None:
        self.is_open = False
        self.heard: list[dict[str, Any]] | None = None
        self._crowd = crowd
        self._head = head
        self._source = source
        self._failures = 0
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._connecting: asyncio.Task[None] | None = None

    def attempt(self) -> None:
        """Try to connect."""
        self._retry = None
        self._crowd.attempts += 1
        self._connecting = asyncio.ensure_future(self._connect())

    def cut(self) -> None:
        """Lose the connection."""
        if self._transport is not None:
            self._transport.abort()

    def say(self, message: dict[str, Any]) -> None:
        """Send a text; its mask is zero, which changes nothing."""
        data = json.dumps(message).encode()
        length = len(data)
        head = bytes([0x81, 0x80 | length]) if length < _TWO else b"\x81\xfe" + length.to_bytes(2)
        cast("asyncio.Transport", self._transport).write(head + b"\0\0\0\0" + data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        """Read the answer of the handshake, then frames."""
        self._received += data
        if not self.is_open:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            status = head[9:12].decode()
            if status != "101":
                self._crowd.refusals[status] += 1
                self.cut()
                return
            self._received = rest
            self._open()
        while self._received and self._frame():
            pass

    def connection_lost(self, exc: Exception | None) -> None:
        """Come back later, as our clients do."""
        del exc
        self._transport = None
        self._received = b""
        if self.is_open:
            self.is_open = False
            self._crowd.closed()
        self._come_back()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_OPEN_SECONDS, self._give_up)
        try:
            await loop.create_connection(
                lambda: self,
                *self._crowd.address,
                ssl=self._crowd.tls,
                local_addr=(self._source, 0),
            )
        except (OSError, asyncio.CancelledError):
            self._crowd.refusals["not reached"] += 1
            self._come_back()
        finally:
            self._connecting = None

    def _give_up(self) -> None:
        self._crowd.refusals["too slow"] += 1
        if self._connecting is not None:
            self._connecting.cancel()
        self.cut()

    def _open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._failures = 0
        self.is_open = True
        self._crowd.opened()

    def _come_back(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._crowd.returns and self._retry is None:
            self._failures += 1
            wait = _TIMING.backoff(self._failures, random.random()) / 1000
            self._retry = asyncio.get_running_loop().call_later(wait, self.attempt)

    def _frame(self) -> bool:
        received = self._received
        if len(received) < _HEAD:
            return False
        length, begin = received[1], _HEAD
        if length == _TWO:
            length, begin = int.from_bytes(received[2:4]), 4
        elif length == _EIGHT:
            length, begin = int.from_bytes(received[2:10]), 10
        if len(received) < begin + length:
            return False
        opcode = received[0] & 0x0F
        if opcode == _TEXT and self.heard is not None:
            self.heard.append(json.loads(received[begin : begin + length]))
        self._received = received[begin + length :]
        if opcode == _CLOSE:
            self.cut()
            return False
        return True


async def main() -> None:
    """Obey until stdin ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.freeze()
    crowd = Crowd()
    commands: dict[str, Callable[[dict[str, Any]], Any]] = {
        "connect": crowd.connect,
        "drop": crowd.drop,
        "subscribe": crowd.subscribe,
        "close": crowd.close,
    }
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        os._exit(0)  # whoever commands is gone, whatever is under way

    threading.Thread(target=read, daemon=True).start()
    while True:
        command: dict[str, Any] = json.loads(await lines.get())
        print(json.dumps(await commands[command["do"]](command)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
