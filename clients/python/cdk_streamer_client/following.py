"""One request of a command line: shown, answered, and cancelled by Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from typing import Any

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.display import Display, printable
from cdk_streamer_client.document import document_of
from cdk_streamer_client.errors import (
    Conflict,
    StreamerClientError,
    ValidationFailed,
    WaitTimeout,
)
from cdk_streamer_client.messages import Completed, Failed, InputRequired, Message
from cdk_streamer_client.printing import ChunkLines, ChunkPrinter, print_json
from cdk_streamer_client.prompt import asked, typed
from cdk_streamer_client.request import Request

# How long a caller who pressed Ctrl-C waits to know that the request was cancelled.
CANCEL_SECONDS = 10


class Call:
    """Follows a request to its end."""

    def __init__(
        self,
        handle: Request,
        arguments: argparse.Namespace,
        display: Display,
        answers: deque[Any],
    ) -> None:
        self._handle = handle
        self._arguments = arguments
        self._display = display
        self._answers = answers
        self._chunks = ChunkPrinter()
        self._notes = ChunkLines(display.note)
        self._asking: asyncio.Task[None] | None = None

    async def follow(self) -> Completed | Failed | None:
        """Show messages until the end, and give that; None when the caller interrupts."""
        handle, seconds = self._handle, self._arguments.timeout
        try:
            async with asyncio.timeout(seconds):
                async for message in handle:
                    self._take(message)
            return await handle.last()
        except TimeoutError:
            text = f"request {handle.id!r} has no result after {seconds:g} seconds"
            remedy = f"and goes on; call with --id {handle.id} to wait on"
            raise WaitTimeout(f"{text}, {remedy}") from None
        except asyncio.CancelledError:
            self._stop_asking()
            await self._cancel()
            return None
        finally:
            self._stop_asking()
            self._chunks.end()
            self._notes.end()

    def _take(self, message: Message) -> None:
        if self._arguments.json:
            print_json(document_of(self._handle.id, message))
        elif isinstance(message, Chunk):
            self._show_chunk(message)
        self._display.show(message)
        if isinstance(message, InputRequired):
            self._stop_asking()
            self._asking = asyncio.create_task(self._answer(message))

    def _show_chunk(self, chunk: Chunk) -> None:
        if self._arguments.chunks:
            self._chunks.show(chunk)
        elif not self._arguments.no_progress:
            self._notes.show(chunk)

    def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def _answer(self, question: InputRequired) -> None:
        try:
            while (value := await self._value(question)) is not None:
                try:
                    state = await self._handle.answer(value[0], input_id=question.input_id)
                except ValidationFailed as refusal:
                    self._display.note(f"that answer is refused: {refusal.message}")
                else:
                    self._display.note(f"answered; the request is {state}")
                    return
        except Conflict:
            self._display.note("the request waits for this answer no more")
        except StreamerClientError as error:
            self._display.note(f"the answer could not be sent: {error}")

    async def _value(self, question: InputRequired) -> tuple[Any] | None:
        """Give the next answer; None when nobody here knows one."""
        if self._answers:
            return (self._answers.popleft(),)
        if sys.stdin.isatty() and self._arguments.payload != "-":
            with self._display.pause():
                try:
                    return (await asked(question.schema, lambda label: typed(printed(label))),)
                except EOFError:
                    pass
        hint = f"{self._arguments.action} --id {self._handle.id} --input JSON"
        self._display.note(f"the request waits for an answer: cdk-streamer call {hint}")
        return None

    async def _cancel(self) -> None:
        handle, display = self._handle, self._display
        display.note(f"cancelling request {handle.id!r}; Ctrl-C again leaves it as it is")
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                state = await handle.cancel("the caller interrupted it")
                display.note(f"the request is {state}")
        except TimeoutError:
            display.note("nobody confirmed that, so the request may go on")
        except StreamerClientError as error:
            display.note(f"that failed, so the request may go on: {error}")


def printed(label: str) -> str:
    """Give a label without what could steer the terminal."""
    return "\n".join(printable(line) for line in label.split("\n"))
