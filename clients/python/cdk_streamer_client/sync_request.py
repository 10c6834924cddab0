"""A request on its way, in the hands of a caller without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from cdk_streamer_client.background import Background
from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.client import was_refused
from cdk_streamer_client.errors import Conflict, WaitTimeout
from cdk_streamer_client.messages import InputRequired, Message, Progress
from cdk_streamer_client.request import Request
from cdk_streamer_client.snapshots import Snapshot

OnProgress = Callable[[Progress], object]
OnChunk = Callable[[Chunk], object]
OnInput = Callable[[InputRequired], object]


class SyncRequest:
    """Iterate over it for its messages, or wait for its result; both end when the request does."""

    def __init__(self, request: Request, background: Background) -> None:
        self.id = request.id
        self._request = request
        self._background = background

    @property
    def was_refused(self) -> bool:
        """Whether the service never took it."""
        return was_refused(self._request)

    def __iter__(self) -> Iterator[Message]:
        while (message := self.next()) is not None:
            yield message

    def next(self, timeout: float | None = None) -> Message | None:
        """Wait for the next message; None after the last one.

        After `timeout` seconds without one it raises WaitTimeout.
        """
        try:
            return self._background.run(anext(self._request, None), timeout)
        except TimeoutError:
            raise too_late(self.id) from None

    def result(self) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Wait for the result; raises RequestFailed, or ConnectionLost and its kin."""
        return self._background.run(self._request.result())

    def chunks(self) -> Generator[Chunk]:
        """Iterate over what the request puts out; see Request.chunks."""
        chunks = self._request.chunks()
        try:
            while (chunk := self._background.run(anext(chunks, None))) is not None:
                yield chunk
        finally:
            self._background.finish(chunks)

    def answer(self, value: object, *, input_id: str | None = None) -> str:
        """Answer what the request asks; see StreamerClient.answer."""
        return self._background.run(self._request.answer(value, input_id=input_id))

    def cancel(self, reason: str | None = None) -> str:
        """Ask to end the request, and give the state that this led to."""
        return self._background.run(self._request.cancel(reason))

    def snapshot(self) -> Snapshot:
        """Ask the service how the request stands."""
        return self._background.run(self._request.snapshot())

    def detach(self) -> None:
        """Hear no more of the request, which goes on."""

        async def detach() -> None:
            self._request.detach()

        if self._background.is_running:
            self._background.run(detach())


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncListeners:
    """The functions that are told what is heard. `on_input` gives the answer."""

    on_progress: OnProgress | None = None
    on_chunk: OnChunk | None = None
    on_input: OnInput | None = None

    def tell(self, request: SyncRequest, message: Message) -> None:
        """Tell a message to whom it concerns."""
        match message:
            case Progress() if self.on_progress is not None:
                self.on_progress(message)
            case Chunk() if self.on_chunk is not None:
                self.on_chunk(message)
            case InputRequired() if self.on_input is not None:
                _answer(request, message, self.on_input(message))
            case _:
                return


def too_late(request_id: str) -> WaitTimeout:
    """Give the error of who waited for long enough."""
    return WaitTimeout(
        f"request {request_id!r} has no result yet, and goes on; "
        f"attach({request_id!r}) waits for it, cancel({request_id!r}) ends it"
    )


def _answer(request: SyncRequest, question: InputRequired, value: object) -> None:
    try:
        request.answer(value, input_id=question.input_id)
    except Conflict:
        return  # somebody else answered, or the request does not wait any more
