"""A request on its way, in the caller's hands."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.errors import Cancelled, ProtocolError
from cdk_streamer_client.feed import Feed
from cdk_streamer_client.messages import Completed, Failed
from cdk_streamer_client.snapshots import Snapshot


class Desk(Protocol):
    """What a request needs of its client."""

    async def get(self, request_id: str) -> Snapshot:
        """Read a request once."""
        ...

    async def cancel(self, request_id: str, reason: str | None = None) -> str:
        """Ask to end a request."""
        ...

    async def answer(self, request_id: str, value: object, *, input_id: str | None = None) -> str:
        """Answer what a request asks."""
        ...

    def detach(self, request_id: str) -> None:
        """Hear no more of a request."""
        ...


class Request(Feed):
    """Iterate over it for its messages, or await its result; both end when the request does."""

    def __init__(self, id: str, desk: Desk, *, submitted: bool) -> None:
        super().__init__()
        self.id = id
        self._desk = desk
        self._submitted = submitted

    async def result(self) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Wait for the result; raises RequestFailed, or ConnectionLost and its kin."""
        ending = await self.last()
        if isinstance(ending, Failed):
            raise ending.error
        return ending.result

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """Iterate over what the request puts out, in order; raises what went wrong in the end.

        A chunk of a later attempt, numbered from 0 again, replaces all before it. It reads the
        same messages as iterating over the request itself: do one of the two.
        """
        async for message in self:
            match message:
                case Chunk():
                    yield message
                case Failed(error=error):
                    raise error
                case Completed(missing_chunk=int(index)):
                    raise ProtocolError(
                        f"the service cannot give chunk {index} of request {self.id!r}; "
                        "its result is there all the same"
                    )
                case _:
                    pass

    async def answer(self, value: object, *, input_id: str | None = None) -> str:
        """Answer what the request asks; see StreamerClient.answer."""
        return await self._desk.answer(self.id, value, input_id=input_id)

    async def cancel(self, reason: str | None = None) -> str:
        """Ask to end the request, and give the state that this led to.

        A request that was just submitted is cancelled as soon as it was accepted. One that has
        ended stays as it is.
        """
        if self._submitted:
            await self.first()
        if self.ending is None:
            return await self._desk.cancel(self.id, reason)
        return _state(self.ending)

    async def snapshot(self) -> Snapshot:
        """Ask the service how the request stands."""
        return await self._desk.get(self.id)

    def detach(self) -> None:
        """Hear no more of the request, which goes on."""
        if self.ending is None:
            self._desk.detach(self.id)


def _state(ending: Completed | Failed) -> str:
    if isinstance(ending, Completed):
        return "SUCCEEDED"
    return "CANCELLED" if isinstance(ending.error, Cancelled) else "FAILED"
