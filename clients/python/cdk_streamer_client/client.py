"""The client: requests with live progress, channels, over connections that come and go."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import ssl as tls
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from cdk_streamer_client.errors import Closed, StreamerClientError, WaitTimeout
from cdk_streamer_client.feed import Feed
from cdk_streamer_client.messages import Message, Progress
from cdk_streamer_client.request import Request
from cdk_streamer_client.runner import Runner
from cdk_streamer_client.session import (
    Answered,
    Ended,
    Heard,
    Output,
    Ready,
    Session,
    Subject,
    Warned,
)
from cdk_streamer_client.snapshots import Page, Snapshot, read_page, read_snapshot, read_state
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.transport import Token, Transport

logger = logging.getLogger(__name__)

OnProgress = Callable[[Progress], Awaitable[None] | None]


class StreamerClient:
    """Talks to one API. Use it as `async with StreamerClient(url=..., token=...) as client:`.

    `token` is a string, or a function, async or not, that gives a fresh one for each connection.
    `ca_bundle` is a file of authorities to trust, `ssl` a context of your own. What the client
    can live with, such as a lost connection, goes to `on_warning`; default: to the log.
    """

    def __init__(
        self,
        *,
        url: str,
        token: Token,
        ssl: tls.SSLContext | None = None,
        ca_bundle: str | Path | None = None,
        timing: Timing | None = None,
        on_warning: Callable[[str], None] = logger.warning,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._transport = Transport(url=url, token=token, ssl=ssl, ca_bundle=ca_bundle)
        self._session = Session(
            uniform=uniform, timing=timing, refreshable=self._transport.is_refreshable
        )
        self._on_warning = on_warning
        self._new_id = new_id
        self._running: Runner | None = None
        self._ready: asyncio.Future[None] | None = None
        self._feeds: dict[Subject, Feed] = {}
        self._calls: dict[str, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> Self:
        """Connect; raises Unreachable or HandshakeRefused."""
        if self._running is not None:
            raise Closed("a client connects once; make another one")
        self._ready = asyncio.get_running_loop().create_future()
        self._running = Runner(self._session, self._transport, self._take)
        self._running.feed(self._session.start)
        try:
            await self._ready
        except BaseException:
            await self.close()
            raise
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
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        prefer: Literal["sync", "async"] | None = None,
        idempotent: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - it bounds the waiting, and says so
    ) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Run an action and give its result, whether it is sync or async.

        `id` is the request's idempotency key: by the same id it can be asked for again, from
        anywhere. `timeout` in seconds bounds the waiting, not the work, and raises WaitTimeout.
        `idempotent` says that a sync action may be run again when its answer was lost.
        """
        handle = self.submit(
            action, payload, id=id, metadata=metadata, prefer=prefer, idempotent=idempotent
        )
        try:
            async with _limit(timeout, handle.id):
                async for message in handle:
                    if on_progress is not None and isinstance(message, Progress):
                        told = on_progress(message)
                        if inspect.isawaitable(told):
                            await told
                return await handle.result()
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
        idempotent: bool = False,
    ) -> Request:
        """Run an action, and give what to follow it with.

        Raises PayloadTooLarge when no frame can carry it, and ValueError for an id that cannot be
        one or is open already.
        """
        runner = self._runner
        handle = Request(id or self._new_id(), self, submitted=True)

        def submit(now: int) -> None:
            self._session.submit(
                handle.id,
                now,
                action=action,
                payload=payload,
                metadata=metadata,
                prefer=prefer,
                idempotent=idempotent,
            )
            self._feeds[Subject(request_id=handle.id)] = handle

        runner.feed(submit)
        return handle

    def attach(self, request_id: str) -> Request:
        """Follow a request that was submitted before, by whichever client of the same owner."""
        handle = Request(request_id, self, submitted=False)
        self._follow(Subject(request_id=request_id), handle)
        return handle

    def detach(self, request_id: str) -> None:
        """Hear no more of a request, which goes on."""
        self._leave(Subject(request_id=request_id))

    async def get(self, request_id: str) -> Snapshot:
        """Ask how a request stands; raises NotFound."""
        return read_snapshot(await self._call("get", {"request_id": request_id}))

    async def list(
        self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page:
        """List the caller's requests, newest first; 20 of them by default."""
        arguments = {"state": state, "limit": limit, "cursor": cursor}
        given = {name: value for name, value in arguments.items() if value is not None}
        return read_page(await self._call("list", given))

    async def cancel(self, request_id: str, reason: str | None = None) -> str:
        """Ask to end a request, and give the state that this led to; raises NotFound."""
        given = {} if reason is None else {"reason": reason}
        return read_state(await self._call("cancel", {"request_id": request_id, **given}))

    # --- channels

    async def subscribe(self, channel: str) -> AsyncGenerator[Message]:
        """Iterate over what is published to a channel, until its Completed or Failed."""
        feed = Feed()
        subject = Subject(channel=channel)
        self._follow(subject, feed)
        try:
            async for message in feed:
                yield message
        finally:
            self._leave(subject)

    # --- the connection

    async def ping(self) -> float:
        """Ask for a sign of life, and give how many seconds it took."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        await self._call("ping", None)
        return loop.time() - before

    async def close(self) -> None:
        """Close the connection; what is open raises Closed, and goes on without this client."""
        if self._running is not None:
            self._running.feed(self._session.close)
            await self._running.finish()

    @property
    def _runner(self) -> Runner:
        if self._running is None:
            raise Closed("the client is not open; use `async with StreamerClient(...) as client`")
        return self._running

    def _follow(self, subject: Subject, feed: Feed) -> None:
        def follow(now: int) -> None:
            self._session.follow(subject, now)
            self._feeds[subject] = feed

        self._runner.feed(follow)

    def _leave(self, subject: Subject) -> None:
        if self._feeds.pop(subject, None) is not None:
            self._runner.feed(lambda now: self._session.leave(subject, now))

    async def _call(self, action: str, arguments: Mapping[str, Any] | None) -> Any:  # noqa: ANN401
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def call(now: int) -> str:
            name = self._session.call(action, arguments, now)
            self._calls[name] = answer
            return name

        name = self._runner.feed(call)
        try:
            return await answer
        finally:
            self._calls.pop(name, None)
            self._session.forget(name)

    def _take(self, output: Output) -> None:
        match output:
            case Heard(subject=subject, message=message):
                feed = self._feeds.get(subject)
                if feed is not None:
                    feed.hear(message)
                    if feed.ending is not None:
                        del self._feeds[subject]
            case Answered(call=call, data=data, error=error):
                self._answer(self._calls.get(call), data, error)
            case Warned(text=text):
                # Later: what the caller's function raises must not end the connection.
                asyncio.get_running_loop().call_soon(self._on_warning, text)
            case Ready():
                self._answer(self._ready, None, None)
            case Ended(error=error):
                self._answer(self._ready, None, error)
            case _:
                pass

    def _answer(
        self, waiting: asyncio.Future[Any] | None, data: object, error: StreamerClientError | None
    ) -> None:
        if waiting is None or waiting.done():
            return
        if error is None:
            waiting.set_result(data)
        else:
            waiting.set_exception(error)


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
