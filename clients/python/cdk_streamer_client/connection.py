"""One session at work: who waits for what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cdk_streamer_client.errors import Closed, StreamerClientError
from cdk_streamer_client.feed import Feed
from cdk_streamer_client.runner import Runner
from cdk_streamer_client.session import (
    Answered,
    Ended,
    Fetch,
    Heard,
    Output,
    Ready,
    Session,
    Subject,
    Warned,
)
from cdk_streamer_client.storage import NotTransferred, Storage
from cdk_streamer_client.transport import Transport

T = TypeVar("T")


class Connection:
    """Brings what the session tells to feeds and calls; connects once."""

    def __init__(
        self,
        *,
        session: Session,
        transport: Transport,
        storage: Storage,
        on_warning: Callable[[str], None],
    ) -> None:
        self._session = session
        self._transport = transport
        self._storage = storage
        self._on_warning = on_warning
        self._running: Runner | None = None
        self._ready: asyncio.Future[None] | None = None
        self._feeds: dict[Subject, Feed] = {}
        self._calls: dict[str, asyncio.Future[Any]] = {}
        self._fetches: dict[Subject, asyncio.Task[None]] = {}

    async def open(self) -> None:
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

    async def close(self) -> None:
        """Close the connection; what is open raises Closed."""
        if self._running is not None:
            self._running.feed(self._session.close)
            fetches = [*self._fetches.values()]
            for fetch in fetches:
                fetch.cancel()
            await asyncio.gather(*fetches, return_exceptions=True)
            await self._running.finish()

    def submit(self, id: str, feed: Feed, **members: Any) -> None:  # noqa: ANN401 - see Session
        """Send a request, and have the feed hear of it."""

        def submit(now: int) -> None:
            self._session.submit(id, now, **members)
            self._feeds[Subject(request_id=id)] = feed

        self._runner.feed(submit)

    def follow(self, subject: Subject, feed: Feed) -> None:
        """Have the feed hear of what somebody else began."""

        def follow(now: int) -> None:
            self._session.follow(subject, now)
            self._feeds[subject] = feed

        self._runner.feed(follow)

    def leave(self, subject: Subject) -> None:
        """Have nobody hear of it any more."""
        if self._feeds.pop(subject, None) is not None:
            self._runner.feed(lambda now: self._session.leave(subject, now))
        if (fetch := self._fetches.pop(subject, None)) is not None:
            fetch.cancel()

    async def call(self, action: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Ask a built-in action."""
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

    @property
    def _runner(self) -> Runner:
        if self._running is None:
            raise Closed("the client is not open; use `async with StreamerClient(...) as client`")
        return self._running

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
            case Fetch(subject=subject):
                fetch = asyncio.get_running_loop().create_task(self._fetch(output))
                self._fetches[subject] = fetch
            case Warned(text=text):
                # Later: what the caller's function raises must not end the connection.
                asyncio.get_running_loop().call_soon(self._on_warning, text)
            case Ready():
                self._answer(self._ready, None, None)
            case Ended(error=error):
                self._answer(self._ready, None, error)
            case _:
                pass

    async def _fetch(self, wanted: Fetch) -> None:
        try:
            text = await self._storage.read(wanted.url, wanted.size)
        except NotTransferred as failure:
            reason = failure.reason
            self._fetches.pop(wanted.subject, None)
            self._runner.feed(lambda now: self._session.unfetched(wanted.fetch, now, reason=reason))
        else:
            self._fetches.pop(wanted.subject, None)
            self._runner.feed(lambda now: self._session.fetched(wanted.fetch, text, now))

    def _answer(
        self, waiting: asyncio.Future[Any] | None, data: object, error: StreamerClientError | None
    ) -> None:
        if waiting is None or waiting.done():
            return
        if error is None:
            waiting.set_result(data)
        else:
            waiting.set_exception(error)
