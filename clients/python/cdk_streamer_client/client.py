"""The client: requests with live progress, channels, over connections that come and go."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl as tls
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from cdk_streamer_client.connection import Connection
from cdk_streamer_client.credentials import Credentials, Sign, Ticket, Token
from cdk_streamer_client.errors import RateLimited, WaitTimeout
from cdk_streamer_client.feed import Feed
from cdk_streamer_client.listening import Listeners, OnChunk, OnInput, OnProgress
from cdk_streamer_client.messages import Failed, Message
from cdk_streamer_client.request import Request
from cdk_streamer_client.session import Session, Subject
from cdk_streamer_client.snapshots import Page, Snapshot, read_page, read_state
from cdk_streamer_client.storage import Source, Storage
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.transfers import Transfers
from cdk_streamer_client.transport import Transport, context_of

logger = logging.getLogger(__name__)

# How long to wait after a refusal that does not say how long.
REFUSED_SECONDS = 1.0


class StreamerClient:
    """Talks to one API. Use it as `async with StreamerClient(url=..., token=...) as client:`.

    `token` is a string, or a function, async or not, that gives a fresh one for each connection;
    `ticket` is such a function for single-use tickets, and `sign` one that gives the headers of a
    signed handshake, such as `iam_signer()`: give one of the three. `ca_bundle` is a file of
    authorities to trust, `ssl` a context of your own. What the client can live with, such as a
    lost connection, goes to `on_warning`; default: to the log.
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
        credentials = Credentials(token=token, ticket=ticket, sign=sign)
        context = context_of(ssl, ca_bundle)
        transport = Transport(url=url, credentials=credentials, ssl=context)
        storage = Storage(context)
        session = Session(uniform=uniform, timing=timing, refreshable=credentials.is_refreshable)
        self._connection = Connection(
            session=session, transport=transport, storage=storage, on_warning=on_warning
        )
        self._transfers = Transfers(call=self._connection.call, storage=storage)
        self._new_id = new_id
        self._uniform = uniform

    async def __aenter__(self) -> Self:
        """Connect; raises Unreachable or HandshakeRefused."""
        await self._connection.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # --- requests

    async def request(
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
        timeout: float | None = None,  # noqa: ASYNC109 - it bounds the waiting, and says so
    ) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Run an action and give its result, whether it is sync or async.

        `id` is the request's idempotency key: by the same id it can be asked for again, from
        anywhere. `timeout` in seconds bounds the waiting, not the work, and raises WaitTimeout.
        `idempotent` says that a sync action may be run again when its answer was lost.
        `on_input` gives the answer to what the request asks a person; a plain function runs in a
        thread. With `retry_limited` a request that is one too many waits and tries again.
        """
        id = id or self._new_id()
        listeners = Listeners(on_progress=on_progress, on_chunk=on_chunk, on_input=on_input)
        async with _limit(timeout, id):
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
                    return await listeners.listen(handle)
                except RateLimited as refusal:
                    if not (retry_limited and was_refused(handle)):
                        raise
                    await asyncio.sleep(pause_after(refusal, self._uniform()))
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
    ) -> Request:
        """Run an action, and give what to follow it with.

        `webhook` is where the service tells how the request ended, if it has webhooks. Raises
        PayloadTooLarge when no frame can carry it, and ValueError for an id that cannot be one or
        is open already.
        """
        handle = Request(id or self._new_id(), self, submitted=True)
        self._connection.submit(
            handle.id,
            handle,
            action=action,
            payload=payload,
            metadata=metadata,
            prefer=prefer,
            webhook=webhook,
            idempotent=idempotent,
        )
        return handle

    def attach(self, request_id: str) -> Request:
        """Follow a request that was submitted before, by whichever client of the same owner."""
        handle = Request(request_id, self, submitted=False)
        self._connection.follow(Subject(request_id=request_id), handle)
        return handle

    def detach(self, request_id: str) -> None:
        """Hear no more of a request, which goes on."""
        self._connection.leave(Subject(request_id=request_id))

    async def get(self, request_id: str) -> Snapshot:
        """Ask how a request stands; raises NotFound."""
        return await self._transfers.snapshot(request_id)

    async def list(
        self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page:
        """List the caller's requests, newest first; 20 of them by default."""
        arguments = {"state": state, "limit": limit, "cursor": cursor}
        given = {name: value for name, value in arguments.items() if value is not None}
        return read_page(await self._connection.call("list", given))

    async def cancel(self, request_id: str, reason: str | None = None) -> str:
        """Ask to end a request, and give the state that this led to; raises NotFound."""
        given = {} if reason is None else {"reason": reason}
        arguments = {"request_id": request_id, **given}
        return read_state(await self._connection.call("cancel", arguments))

    async def answer(self, request_id: str, value: object, *, input_id: str | None = None) -> str:
        """Answer what a request asks a person, and give the state that this led to.

        Raises ValidationFailed for a value that the question's schema does not allow, and Conflict
        for a request that does not wait for it. Without `input_id`: whatever it asks now.
        """
        given = {} if input_id is None else {"input_id": input_id}
        arguments = {"request_id": request_id, "value": value, **given}
        return read_state(await self._connection.call("input", arguments))

    async def upload(
        self,
        source: Source,
        *,
        type: str = "application/octet-stream",  # noqa: A002 - as the protocol calls it
    ) -> str:
        """Store bytes, or the file of a path, and give the id by which a payload names them.

        For what is too large for a frame. Raises UploadFailed, and OSError for a file that cannot
        be read.
        """
        return await self._transfers.upload(source, type)

    # --- channels

    async def subscribe(self, channel: str) -> AsyncGenerator[Message]:
        """Iterate over what is published to a channel, until its Completed or Failed."""
        feed = Feed()
        subject = Subject(channel=channel)
        self._connection.follow(subject, feed)
        try:
            async for message in feed:
                yield message
        finally:
            self._connection.leave(subject)

    # --- the connection

    async def ping(self) -> float:
        """Ask for a sign of life, and give how many seconds it took."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        await self._connection.call("ping")
        return loop.time() - before

    async def close(self) -> None:
        """Close the connection; what is open raises Closed, and goes on without this client."""
        await self._connection.close()


def was_refused(request: Feed) -> bool:
    """Tell whether the service never took the request: then it may be sent once more."""
    return isinstance(request.ending, Failed) and request.ending.seq == 0


def pause_after(refusal: RateLimited, uniform: float) -> float:
    """Give how many seconds to wait; not all who were refused together come back together."""
    wait = REFUSED_SECONDS if refusal.retry_after is None else refusal.retry_after
    return max(wait, 0.05) * (1 + uniform / 4)


@asynccontextmanager
async def _limit(seconds: float | None, request_id: str) -> AsyncGenerator[None]:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise WaitTimeout(
            f"request {request_id!r} has no result after {seconds} seconds, and goes on; "
            f"attach({request_id!r}) waits for it, cancel({request_id!r}) ends it"
        ) from None
