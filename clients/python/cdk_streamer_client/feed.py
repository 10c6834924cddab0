"""Messages that wait to be read."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Self

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.messages import Completed, Failed, Message

# Progress replaces what was before, so whoever reads too slowly misses the oldest.
KEPT = 1_024


class Feed:
    """The messages of one request or channel, the last of which is Completed or Failed.

    Chunks wait for as long as it takes: none of them is like another.
    """

    def __init__(self) -> None:
        self.ending: Completed | Failed | None = None
        self._messages: deque[Message] = deque()
        self._replaceable = 0
        self._arrival = asyncio.Event()
        self._first = asyncio.Event()
        self._last = asyncio.Event()

    def hear(self, message: Message) -> None:
        """Take a message."""
        self._messages.append(message)
        if not isinstance(message, Chunk):
            self._replaceable += 1
            if self._replaceable > KEPT:
                self._drop_oldest()
        self._first.set()
        self._arrival.set()
        if isinstance(message, Completed | Failed):
            self.ending = message
            self._last.set()

    async def first(self) -> None:
        """Wait until anything was heard."""
        await self._first.wait()

    async def last(self) -> Completed | Failed:
        """Wait for the end."""
        await self._last.wait()
        if self.ending is None:
            raise AssertionError("the end was heard and is not there")
        return self.ending

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._messages:
            if self.ending is not None:
                raise StopAsyncIteration
            self._arrival.clear()
            await self._arrival.wait()
        message = self._messages.popleft()
        self._replaceable -= not isinstance(message, Chunk)
        return message

    def _drop_oldest(self) -> None:
        waiting = enumerate(self._messages)
        place = next(place for place, message in waiting if not isinstance(message, Chunk))
        del self._messages[place]
        self._replaceable -= 1
