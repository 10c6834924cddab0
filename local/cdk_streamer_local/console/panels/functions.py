"""The functions: what they run, how often they were called, how it went."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from cdk_streamer_local.console.journal import Entry, EntryKind, Journal
from cdk_streamer_local.console.panel import Panel
from cdk_streamer_local.console.running import Running

_MINUTE = 60.0
_FAILURES = frozenset({EntryKind.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """One function, with its construct's path.

    Counts are since the start, `recent` is calls by second of the last minute.
    """

    label: str
    path: str
    name: str
    runtime: str
    timeout: int
    durable: bool
    calls: int
    failures: int
    failed_lately: bool
    median: float | None
    slowest: float | None
    last: float | None
    recent: Sequence[int]


@dataclass(slots=True)
class _Tally:
    calls: int = 0
    failures: int = 0
    last: float | None = None
    failed: float | None = None
    taken: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])


class Functions(Panel):
    """Counted from the journal."""

    name: ClassVar[str] = "functions"

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._counted = 0
        self._tallies: dict[str, _Tally] = {}

    def read(self, running: Running) -> Sequence[FunctionRow]:
        """Give every function of the app."""
        for entry in self._journal.after(self._counted):
            self._count(entry)
        now = time.time()
        return [
            self._row(
                wired.function.label,
                path=wired.function.construct_path.removesuffix("/Function"),
                name=wired.function.name,
                runtime=wired.function.runtime,
                timeout=wired.timeout_seconds,
                durable=bool(wired.function.execution_seconds),
                now=now,
            )
            for wired in running.system.wired
        ]

    def _count(self, entry: Entry) -> None:
        self._counted = entry.number
        tally = self._tallies.setdefault(entry.function, _Tally())
        if entry.kind is EntryKind.ENDED and entry.seconds is not None:
            tally.calls += 1
            tally.last = entry.time
            tally.taken.append((entry.time, entry.seconds))
        elif entry.kind in _FAILURES:
            tally.failures += 1
            tally.last = tally.failed = entry.time

    def _row(
        self,
        label: str,
        *,
        path: str,
        name: str,
        runtime: str,
        timeout: int,
        durable: bool,
        now: float,
    ) -> FunctionRow:
        tally = self._tallies.setdefault(label, _Tally())
        tally.taken = [(at, taken) for at, taken in tally.taken if at > now - _MINUTE]
        seconds = [taken for _, taken in tally.taken]
        recent = [0] * int(_MINUTE)
        for at, _ in tally.taken:
            recent[min(int(_MINUTE - (now - at)), int(_MINUTE) - 1)] += 1
        return FunctionRow(
            label=label,
            path=path,
            name=name,
            runtime=runtime,
            timeout=timeout,
            durable=durable,
            calls=tally.calls,
            failures=tally.failures,
            failed_lately=tally.failed is not None and tally.failed > now - _MINUTE,
            median=statistics.median(seconds) if seconds else None,
            slowest=max(seconds) if seconds else None,
            last=tally.last,
            recent=recent,
        )
