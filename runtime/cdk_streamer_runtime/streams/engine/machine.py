"""The machine of an app: its lanes are threads of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from cdk_streamer_runtime.machine import Machine

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

R = TypeVar("R")
T = TypeVar("T")


class LaneMachine(Machine):
    """A machine with as many threads as there are lanes.

    What a lane does for several at once it does one after the other: waiting for a thread in all
    threads, nobody would ever go on.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._pool: ThreadPoolExecutor | None = None
        self._inside = threading.local()

    def each(self, act: Callable[[T], R], of: Iterable[T]) -> Iterable[R]:
        """Do the same for several at once; for a single one without any thread."""
        several = list(of)
        if len(several) < 2 or getattr(self._inside, "lane", False):  # noqa: PLR2004 - one is alone
            return map(act, several)
        if self._pool is None:
            # A batch of one key, or of one record, needs neither threads nor what they load.
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._parallel, "lane", self._enter)
        return self._pool.map(act, several)

    def _enter(self) -> None:
        self._inside.lane = True
