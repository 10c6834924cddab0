"""The client for programs without an event loop: the same, without `await`."""

from __future__ import annotations

import logging
import random
import ssl as tls
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from cdk_streamer_client.background import Background
from cdk_streamer_client.client import StreamerClient, pause_after
from cdk_streamer_client.credentials import Sign, Ticket, Token
from cdk_streamer_client.errors import RateLimited
from cdk_streamer_client.messages import Message
from cdk_streamer_client.request import Request
from cdk_streamer_client.snapshots import Page, Snapshot
from cdk_streamer_client.storage import Source
from cdk_streamer_client.sync_request import (
    OnChunk,
    OnInput,
    OnProgress,
    SyncListeners,
    SyncRequest,
    too_late,
)
from cdk_streamer_client.timing import Timing

logger = logging.getLogger(__name__)


class SyncStreamerClient:
    """Talks to one API. Use it as `with SyncStreamerClient(url=..., token=...) as client:`.

    It takes what StreamerClient takes and may be used from several threads at once. A thread of
    its own keeps the connection, and ends with it. Functions that are told something are called
    in the thread that waits.
    """

    def __init__(
        self,
        *,
        url: str,
        token: Token | None = None,
        ticket: Ticket | None = None,
        sign: Sign | None = None,
        ssl: tls.SSLContext | None = None,
        ca_bundle: str | Path | None = None,
        timing: Timing | None = None,
        on_warning: Callable[[str], None] = logger.warning,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._client = StreamerClient(
            url=url,
            token=token,
            ticket=ticket,
            sign=sign,
            ssl=ssl,
            ca_bundle=ca_bundle,
            timing=timing,
            on_warning=on_warning,
            new_id=new_id,
            uniform=uniform,
        )
        self._background = Background()
        self._new_id = new_id
        self._uniform = uniform

    def __enter__(self) -> Self:
        """Connect; raises Unreachable or HandshakeRefused."""
        self._background.start()
        try:
            self._background.run(self._client.__aenter__())
        except BaseException:
            self._background.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- requests

    def request(
        self,
        action: str,
        payload: object = None,
        *,
        on_progress: OnProgress | None = None,
        on_chunk: OnChunk | None = None,
        on_input: OnInput | None = None,
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        prefer: Literal["sync", "async"] | None = None,
        webhook: str | None = None,
        idempotent: bool = False,
        retry_limited: bool = False,
        timeout: float | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Run an action and give its result; see StreamerClient.request."""
        id = id or self._new_id()
        listeners = SyncListeners(on_progress=on_progress, on_chunk=on_chunk, on_input=on_input)
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            handle = self.submit(
                action,
                payload,
                id=id,
                metadata=metadata,
                prefer=prefer,
                webhook=webhook,
                idempotent=idempotent,
            )
            try:
                while (message := handle.next(_left(until))) is not None:
                    listeners.tell(handle, message)
                return handle.result()
            except RateLimited as refusal:
                if not (retry_limited and handle.was_refused):
                    raise
                _sleep(pause_after(refusal, self._uniform()), _left(until), id)
            finally:
                handle.detach()

    def submit(
        self,
        action: str,
        payload: object = None,
        *,
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        prefer: Literal["sync", "async"] | None = None,
        webhook: str | None = None,
        idempotent: bool = False,
    ) -> SyncRequest:
        """Run an action, and give what to follow it with; see StreamerClient.submit."""

        async def submit() -> Request:
            return self._client.submit(
                action,
                payload,
                id=id,
                metadata=metadata,
                prefer=prefer,
                webhook=webhook,
                idempotent=idempotent,
            )

        return SyncRequest(self._background.run(submit()), self._background)

    def attach(self, request_id: str) -> SyncRequest:
        """Follow a request that was submitted before, by whichever client of the same owner."""

        async def attach() -> Request:
            return self._client.attach(request_id)

        return SyncRequest(self._background.run(attach()), self._background)

    def detach(self, request_id: str) -> None:
        """Hear no more of a request, which goes on."""

        async def detach() -> None:
            self._client.detach(request_id)

        self._background.run(detach())

    def get(self, request_id: str) -> Snapshot:
        """Ask how a request stands; raises NotFound."""
        return self._background.run(self._client.get(request_id))

    def list(
        self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page:
        """List the caller's requests, newest first; 20 of them by default."""
        return self._background.run(self._client.list(state=state, limit=limit, cursor=cursor))

    def cancel(self, request_id: str, reason: str | None = None) -> str:
        """Ask to end a request, and give the state that this led to; raises NotFound."""
        return self._background.run(self._client.cancel(request_id, reason))

    def answer(self, request_id: str, value: object, *, input_id: str | None = None) -> str:
        """Answer what a request asks a person; see StreamerClient.answer."""
        return self._background.run(self._client.answer(request_id, value, input_id=input_id))

    def upload(
        self,
        source: Source,
        *,
        type: str = "application/octet-stream",  # noqa: A002 - as the protocol calls it
    ) -> str:
        """Store bytes, or the file of a path, and give its id; see StreamerClient.upload."""
        return self._background.run(self._client.upload(source, type=type))

    # --- channels

    def subscribe(self, channel: str) -> Generator[Message]:
        """Iterate over what is published to a channel, until its Completed or Failed."""
        messages = self._client.subscribe(channel)
        try:
            while (message := self._background.run(anext(messages, None))) is not None:
                yield message
        finally:
            self._background.finish(messages)

    # --- the connection

    def ping(self) -> float:
        """Ask for a sign of life, and give how many seconds it took."""
        return self._background.run(self._client.ping())

    def close(self) -> None:
        """Close the connection and end its thread; what is open raises Closed."""
        if self._background.is_running:
            try:
                self._background.run(self._client.close())
            finally:
                self._background.stop()


def _sleep(seconds: float, left: float | None, request_id: str) -> None:
    if left is not None and seconds > left:
        raise too_late(request_id)
    time.sleep(seconds)


def _left(until: float | None) -> float | None:
    return None if until is None else max(until - time.monotonic(), 0)
