"""What callbacks and dispatchers say of single timers in their logs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from cdk_streamer_local.console.journal import Journal

_KEPT = 1_000
_TROUBLES = frozenset({"WARNING", "ERROR", "CRITICAL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that went wrong with a firing."""

    time: float
    timer: str
    text: str
    error: str
    fire_key: str
    attempt: int
    function: str
    traceback: str


class Failures:
    """Gathered from the journal as it grows."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seen = 0
        self._kept: deque[Failure] = deque(maxlen=_KEPT)

    def look(self) -> None:
        """Take what was said since."""
        for entry in self._journal.after(self._seen):
            self._seen = entry.number
            told = entry.members
            if entry.level in _TROUBLES and "fire_key" in told:
                self._kept.append(
                    Failure(
                        time=entry.time,
                        timer=str(told.get("timer") or told["fire_key"].rpartition("/")[0]),
                        text=entry.text,
                        error=str(told.get("error", "")),
                        fire_key=str(told["fire_key"]),
                        attempt=int(told.get("attempt", 1)),
                        function=entry.function,
                        traceback=entry.traceback,
                    )
                )

    def of(self, function: str, timer: str) -> Sequence[Failure]:
        """Give those of a timer of a callback, the latest first."""
        return [
            each
            for each in reversed(self._kept)
            if each.timer == timer and each.function == function
        ]

    def since(self, moment: float) -> int:
        """Count those after a moment."""
        return sum(each.time >= moment for each in self._kept)
