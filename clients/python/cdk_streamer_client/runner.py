"""Runs a session on an event loop: its outputs become frames, connections and wake-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from cdk_streamer_client.session import Close, Open, Output, Send, Session
from cdk_streamer_client.transport import NotOpened, Transport

T = TypeVar("T")


class Runner:
    """Does what the session says; what it tells goes to the listener."""

    def __init__(
        self, session: Session, transport: Transport, listener: Callable[[Output], None]
    ) -> None:
        self._session = session
        self._transport = transport
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._outgoing: dict[int, asyncio.Queue[str]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def feed(self, give: Callable[[int], T]) -> T:
        """Give the session an input at this moment, and do what comes of it."""
        given = give(int(self._loop.time() * 1000))
        for output in self._session.outputs():
            self._do(output)
        self._set_alarm()
        return given

    async def finish(self) -> None:
        """Wait until every connection is closed."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _do(self, output: Output) -> None:
        match output:
            case Open(link=link):
                self._outgoing[link] = asyncio.Queue()
                task = self._loop.create_task(self._serve(link))
                self._tasks[link] = task
                task.add_done_callback(partial(self._served, link))
            case Send(link=link, text=text):
                self._outgoing[link].put_nowait(text)
            case Close(link=link):
                self._tasks[link].cancel()
            case _:
                self._listener(output)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        wake_at = self._session.wake_at()
        if wake_at is not None:
            # A millisecond later: the clock in whole milliseconds must have arrived there.
            self._alarm = self._loop.call_at((wake_at + 1) / 1000, self._wake)

    def _wake(self) -> None:
        self.feed(self._session.tick)

    async def _serve(self, link: int) -> None:
        try:
            socket = await self._transport.open()
        except NotOpened as failure:
            reason, status = failure.reason, failure.status
            self.feed(lambda now: self._session.failed(link, now, reason=reason, status=status))
            return
        writer = asyncio.create_task(self._write(socket, self._outgoing[link]))
        try:
            self.feed(lambda now: self._session.opened(link, now))
            reason = await self._read(socket, link)
        finally:
            writer.cancel()
            await socket.close()
        self.feed(lambda now: self._session.lost(link, now, reason=reason))

    def _served(self, link: int, task: asyncio.Task[None]) -> None:
        del self._tasks[link], self._outgoing[link]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.feed(lambda now: self._session.lost(link, now, reason=repr(error)))

    async def _read(self, socket: ClientConnection, link: int) -> str:
        """Take frames until the connection ends, and tell why it did."""
        try:
            while True:
                frame = await socket.recv()
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                self.feed(lambda now, text=text: self._session.received(link, text, now))
        except ConnectionClosed as end:
            return str(end)

    async def _write(self, socket: ClientConnection, outgoing: asyncio.Queue[str]) -> None:
        try:
            while True:
                await socket.send(await outgoing.get())
        except ConnectionClosed:
            return  # the reader tells
