"""The right to work on an attempt, and to tell about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.errors import Cancelled
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.sockets.posts import Counter, Posts


class Lease:
    """A claimed attempt: the sink of its handler's reports. `length` is in milliseconds."""

    def __init__(
        self,
        request: Request,
        *,
        store: RequestStore,
        posts: Posts,
        length: int,
        clock: Callable[[], int],
        metrics: Counter,
    ) -> None:
        """Take the request as the claim returned it."""
        self.request = request
        self.gone: frozenset[str] = frozenset()
        self._ticks = request.tick
        self._store = store
        self._posts = posts
        self._length = length
        self._clock = clock
        self._metrics = metrics

    def keep_at(self) -> int:
        """Extend when a third of the lease is gone: two extensions may fail before it is lost."""
        return self.request.lease_until - self._length * 2 // 3

    def extended(self, report: Mapping[str, Any] | None, now: int) -> int | None:
        """Give the end of the lease after a write at `now`; None leaves it as it is."""
        return now + self._length if report is None or now >= self.keep_at() else None

    def write(self, report: Mapping[str, Any] | None) -> bool:
        """Store a report and post it; extend the lease when it is time.

        Raises Cancelled when the client wants no result, LeaseLost when somebody else works.
        """
        now = self._clock()
        self._ticks += 1
        if report is not None:
            report = {**report, "attempt": self.request.attempt}
        self.request = self._store.tick(
            self.request,
            self._ticks,
            progress=report,
            lease_until=self.extended(report, now),
            gone=self.gone,
        )
        self.gone = frozenset()
        busy = report is not None and self.tell(
            news.progress(self.request, report, self.request.seq, now)
        )
        self._heed()
        return busy

    def put(self, chunks: Sequence[str]) -> bool:
        """Store chunks, then count them, then post each of them; raises like `write`.

        Chunks that are put again after a failure get the numbers that they had.
        """
        now = self._clock()
        self._ticks += 1
        held = self.request
        self._store.chunks.write(held, held.chunks, chunks)
        request = self.request = self._store.tick(
            held,
            self._ticks,
            chunks=len(chunks),
            lease_until=self.extended({}, now),
            gone=self.gone,
        )
        self.gone = frozenset()
        first = request.seq - len(chunks) + 1
        busy = [
            self.tell(news.chunk(request, held.chunks + place, text, first + place, now))
            for place, text in enumerate(chunks)
        ]
        self._heed()
        return any(busy)

    def _heed(self) -> None:
        if self.request.state is State.CANCELLING:
            raise Cancelled(self.request.cancel_reason or "the client cancelled the request")

    def tell(self, message: Mapping[str, Any]) -> bool:
        """Post a message to all subscribers; True when one of them cannot keep up."""
        request = self.request
        broadcast = self._posts.broadcast(
            request.subscribers, message, self._clock(), request.trace
        )
        self._metrics.count(Metric.PROGRESS_POSTS, len(request.subscribers))
        self.gone |= broadcast.gone
        return broadcast.busy
