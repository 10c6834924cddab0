"""Publishing to a channel from any function that may."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from cdk_streamer_runtime.contract import RESULT_BYTES, ErrorCode, State
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.keys import is_channel_name
from cdk_streamer_runtime.progress.coalescer import Coalescer
from cdk_streamer_runtime.progress.progress import Progress
from cdk_streamer_runtime.progress.pump import Pump
from cdk_streamer_runtime.sockets.channels import Channel, ChannelStore
from cdk_streamer_runtime.sockets.messages import channel_news
from cdk_streamer_runtime.sockets.posts import Posts

logger = logging.getLogger(__name__)


class ChannelSink:
    """Where the reports of one channel go."""

    def __init__(
        self, tenant: str, name: str, store: ChannelStore, posts: Posts, clock: Callable[[], int]
    ) -> None:
        """Take the channel and the world; raises ValueError for a name that no channel has."""
        if not is_channel_name(name):
            raise ValueError(
                f"a channel's name is 1 to 256 printable characters, got {name[:300]!r}"
            )
        self._tenant = tenant
        self._name = name
        self._store = store
        self._posts = posts
        self._clock = clock
        self._gone: frozenset[str] = frozenset()

    def keep_at(self) -> int | None:
        """Never: nobody else can publish in this one's place."""
        return None

    def write(self, report: Mapping[str, Any] | None) -> bool:
        """Store a report and post it."""
        if report is None:
            return False
        return self.publish("progress", State.RUNNING, {"progress": report}, report)

    def put(self, chunks: Sequence[str]) -> bool:
        """Refuse: what subscribes to a channel later could not read them."""
        del chunks
        raise TypeError("a channel has no chunks; they are for the progress of a request")

    def publish(
        self,
        kind: str,
        state: State,
        changes: Mapping[str, Mapping[str, Any]],
        content: Mapping[str, Any],
    ) -> bool:
        """Store news and post them; True when a subscriber cannot keep up."""
        now = self._clock()
        channel = self._store.publish(
            self._tenant, self._name, state, changes, now=now, gone=self._gone
        )
        return self._tell(channel, kind, content, now)

    def _tell(self, channel: Channel, kind: str, content: Mapping[str, Any], now: int) -> bool:
        message = {**content, **channel_news(kind, channel.name, channel.seq, now)}
        broadcast = self._posts.broadcast(channel.subscribers, message, now)
        self._gone = broadcast.gone
        return broadcast.busy


class ChannelProgress(Progress):
    """A Progress that goes to a channel; in a `with` block, so that the last report leaves."""

    def __init__(
        self,
        sink: ChannelSink,
        *,
        clock: Callable[[], int],
        interval: int,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        """Take where news go and the least milliseconds between two reports."""
        self._sink = sink
        self._on_close = on_close
        self._pump = Pump(sink, Coalescer(interval=interval), clock, threading.Condition())
        self._thread = threading.Thread(target=self._pump.run, daemon=True)
        super().__init__(self._pump)

    def __enter__(self) -> Self:
        """Start sending."""
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Send what still waits."""
        self._close()

    def chunk(self, data: object) -> None:
        """Refuse: only a request has chunks; raises TypeError."""
        self._sink.put([encode(data)])

    def complete(self, result: object = None) -> None:
        """Tell that the work is done; the result is kept for whoever subscribes later.

        Raises TypeError or ValueError for a result that is not JSON or above 100 KB.
        """
        _refuse_large(encode(result))
        self._close()
        ending = {"result": result}
        self._sink.publish("complete", State.SUCCEEDED, {"ending": ending}, ending)

    def fail(self, code: ErrorCode | str, message: str) -> None:
        """Tell that the work failed and why; raises ValueError for a code that no client knows."""
        known = ErrorCode(code)
        self._close()
        ending = {"error": {"code": known.value, "message": message, "retryable": False}}
        self._sink.publish("error", State.FAILED, {"ending": ending}, ending)

    def _close(self) -> None:
        last = self._pump.stop()
        if self._thread.is_alive():
            self._thread.join()
        if last is not None:
            self._write(last)
        self._on_close()

    def _write(self, report: Mapping[str, Any]) -> None:
        try:
            self._sink.write(report)
        except AwsError as error:  # reporting never fails the work that it is about
            logger.warning("progress not written", extra={"code": error.code})


def _refuse_large(result: str) -> None:
    if size(result) > RESULT_BYTES:
        raise ValueError(
            f"the result has {size(result)} bytes, but {RESULT_BYTES} is the most; "
            "store it elsewhere and give its address"
        )
