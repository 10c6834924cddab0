"""A clock, a monitor and a sink for a pump that runs in the test's own thread."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from cdk_streamer_runtime.errors import Interrupted

Report = Mapping[str, Any]


class Timeline:
    """Time that passes only while somebody waits, and what is planned to happen meanwhile."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self._plans: list[tuple[int, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._held = False

    def clock(self) -> int:
        return self.now

    def after(self, milliseconds: int, act: Callable[[], object]) -> None:
        """Plan something, counted from now."""
        heapq.heappush(self._plans, (self.now + milliseconds, next(self._order), act))

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass and what is planned happen."""
        end = self.now + milliseconds
        while self._plans and self._plans[0][0] <= end:
            self._happen()
        self.now = end

    def __enter__(self) -> Self:
        assert not self._held, "a lock that is not reentrant was taken twice"
        self._held = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held = False

    def wait(self, timeout: float | None = None) -> None:
        """Sleep until the next thing has happened."""
        assert self._held, "waited without the lock"
        assert timeout is not None or self._plans, "waits for ever"
        self._held = False
        end = self.now + round((timeout or 0) * 1000)
        if self._plans and (timeout is None or self._plans[0][0] <= end):
            self._happen()
        else:
            self.now = end
        self._held = True

    def notify_all(self) -> None:
        assert self._held, "notified without the lock"

    def _happen(self) -> None:
        at, _, act = heapq.heappop(self._plans)
        self.now = max(self.now, at)
        act()


@dataclass
class RecordingSink:
    """Takes reports; `outcomes` are what the next writes do, `takes` how long each one lasts."""

    timeline: Timeline
    outcomes: list[bool | Exception] = field(default_factory=list)
    takes: int = 0
    keep_every: int | None = None
    writes: list[tuple[int, Report | None]] = field(default_factory=list)
    puts: list[tuple[int, list[str]]] = field(default_factory=list)
    _kept_at: int = field(init=False)

    def __post_init__(self) -> None:
        self._kept_at = self._start = self.timeline.now

    @property
    def messages(self) -> list[str]:
        """What was said by the reports that were taken."""
        return [report["message"] for _at, report in self.writes if report is not None]

    @property
    def times(self) -> list[int]:
        """When something was written, in milliseconds from the start."""
        return [at for at, _report in self.writes]

    def keep_at(self) -> int | None:
        return None if self.keep_every is None else self._kept_at + self.keep_every

    def put(self, chunks: Sequence[str]) -> bool:
        self.puts.append((self.timeline.now - self._start, list(chunks)))
        return self._outcome()

    def write(self, report: Report | None) -> bool:
        self.writes.append((self.timeline.now - self._start, report))
        return self._outcome()

    def _outcome(self) -> bool:
        self.timeline.pass_time(self.takes)
        outcome = self.outcomes.pop(0) if self.outcomes else False
        if isinstance(outcome, bool | Interrupted):
            self._kept_at = self.timeline.now
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
