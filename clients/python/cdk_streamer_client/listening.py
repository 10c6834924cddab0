"""Tells what is heard of a request to the functions of whoever asked for it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.errors import Conflict
from cdk_streamer_client.messages import InputRequired, Progress
from cdk_streamer_client.request import Request

T = TypeVar("T")

OnProgress = Callable[[Progress], Awaitable[None] | None]
OnChunk = Callable[[Chunk], Awaitable[None] | None]
OnInput = Callable[[InputRequired], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The functions, each async or not. `on_input` gives the answer."""

    on_progress: OnProgress | None = None
    on_chunk: OnChunk | None = None
    on_input: OnInput | None = None

    async def listen(self, request: Request) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Tell everything to the end, and give the result; raises what the functions raise."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._listen(request, group)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return await request.result()

    async def _listen(self, request: Request, group: asyncio.TaskGroup) -> None:
        asking: asyncio.Task[None] | None = None
        async for message in request:
            match message:
                case Progress():
                    await _told(self.on_progress, message)
                case Chunk():
                    await _told(self.on_chunk, message)
                case InputRequired() if self.on_input is not None:
                    _drop(asking)
                    asking = group.create_task(_ask(self.on_input, message, request))
                case _:
                    pass
        _drop(asking)


async def _told(function: Callable[[T], Awaitable[None] | None] | None, message: T) -> None:
    told = None if function is None else function(message)
    if inspect.isawaitable(told):
        await told


async def _ask(function: OnInput, question: InputRequired, request: Request) -> None:
    if inspect.iscoroutinefunction(function):
        value = await function(question)
    else:  # it may wait for a person, and messages go on meanwhile
        value = await asyncio.to_thread(function, question)
        value = await value if inspect.isawaitable(value) else value
    try:
        await request.answer(value, input_id=question.input_id)
    except Conflict:
        return  # somebody else answered, or the request does not wait any more


def _drop(asking: asyncio.Task[None] | None) -> None:
    if asking is not None:
        asking.cancel()
