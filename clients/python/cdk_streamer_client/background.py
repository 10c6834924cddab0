"""An event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from cdk_streamer_client.errors import Closed

T = TypeVar("T")


class Background:
    """Runs coroutines for threads that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether anything can be run."""
        return self._loop is not None

    def start(self) -> None:
        """Begin; raises Closed the second time."""
        if self._thread is not None:
            raise Closed("a client connects once; make another one")
        self._loop = asyncio.new_event_loop()
        # A program that ends without closing the client must end all the same.
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="cdk-streamer-client", daemon=True
        )
        self._thread.start()

    def run(self, work: Awaitable[T], timeout: float | None = None) -> T:
        """Wait for the work; what interrupts the waiting, such as Ctrl-C, cancels the work."""
        with self._lock:  # so that what is begun is begun before the end
            loop = self._loop
            if loop is None or threading.current_thread() is self._thread:
                if isinstance(work, Coroutine):
                    work.close()
                raise self._refusal(loop)
            running = asyncio.run_coroutine_threadsafe(_limited(work, timeout), loop)
        try:
            return running.result()
        except CancelledError:
            raise Closed("the client was closed") from None
        except BaseException:
            running.cancel()
            raise

    def finish(self, generator: AsyncGenerator[Any]) -> None:
        """End an iteration, unless all has ended."""
        if self.is_running:
            self.run(generator.aclose())

    def stop(self) -> None:
        """End the thread; what others still wait for is cancelled."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    def _refusal(self, loop: asyncio.AbstractEventLoop | None) -> Exception:
        if loop is not None:
            return RuntimeError(
                "this runs on the client's own thread, which cannot wait for itself; "
                "use StreamerClient there"
            )
        if self._thread is None:
            text = "the client is not open; use `with SyncStreamerClient(...) as client`"
            return Closed(text)
        return Closed("the client was closed")


async def _limited(work: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - as asyncio's
    async with asyncio.timeout(timeout):
        return await work


async def _cancel_all() -> None:
    here = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not here]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
