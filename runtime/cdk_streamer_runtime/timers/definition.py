"""What a timer is: when it fires, with what, and what becomes of firings that are late."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.moments import LAST_MOMENT
from cdk_streamer_runtime.timers.schedule import Every, Schedule

DEFAULT_GRACE = 60


class Policy(StrEnum):
    """What becomes of firings that are later than their grace."""

    FIRE_ALL = "fire_all"
    FIRE_LATEST = "fire_latest"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfire:
    """A firing that is `grace` seconds late or less is not late; for others there is a policy."""

    policy: Policy = Policy.FIRE_LATEST
    grace: int = DEFAULT_GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """Up to `seconds` of delay: the same for all firings of a timer, or another for `each`."""

    seconds: int
    each: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One firing. `nominal` is what the schedule says, `fire_at` that with its jitter."""

    nominal: int
    fire_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A timer as somebody wants it. `start` and `end` bound nominal moments: [start, end).

    `data` is JSON text. `plain` is for timers of the older body, whose message is the data alone.
    """

    id: str
    schedule: Schedule
    data: str
    start: int | None = None
    end: int | None = None
    jitter: Jitter | None = None
    misfire: Misfire = Misfire()
    owner: str = ""
    paused: bool = False
    plain: bool = False

    @property
    def recurrence(self) -> Schedule:
        """The schedule with what of the jitter can lie in its phase."""
        match self.schedule:
            case Every(period=period, phase=phase) if self.jitter and not self.jitter.each:
                shift = stable_number(f"{self.id}/jitter") % (self.jitter.seconds + 1)
                return Every(period=period, phase=(phase + shift) % period)
            case schedule:
                return schedule

    def delay(self, nominal: int) -> int:
        """Give the seconds of jitter that are added to a moment of the recurrence."""
        if self.jitter is None or (isinstance(self.schedule, Every) and not self.jitter.each):
            return 0
        seed = f"{self.id}/{nominal}" if self.jitter.each else f"{self.id}/jitter"
        return stable_number(seed) % (self.jitter.seconds + 1)

    def occurrences(self, start: int, end: int) -> Iterator[Occurrence]:
        """Give the firings whose nominal moment is in [start, end), in its order."""
        low = start if self.start is None else max(start, self.start)
        high = end if self.end is None else min(end, self.end)
        for nominal in self.recurrence.occurrences(low, high):
            yield Occurrence(nominal=nominal, fire_at=nominal + self.delay(nominal))

    def next(self, start: int) -> Occurrence | None:
        """Give the first firing at or after `start`; None when there is none any more."""
        nominal = max(start - self._longest_delay, self.start or 0)
        while (found := self.recurrence.next(nominal)) is not None and self._is_open_at(found):
            occurrence = Occurrence(nominal=found, fire_at=found + self.delay(found))
            if occurrence.fire_at >= start:
                return occurrence
            nominal = found + 1
        return None

    def previous(self, end: int) -> Occurrence | None:
        """Give the last firing before `end`; None when there was none yet."""
        nominal = end if self.end is None else min(end, self.end)
        while (found := self.recurrence.previous(nominal)) is not None and found >= (
            self.start or 0
        ):
            occurrence = Occurrence(nominal=found, fire_at=found + self.delay(found))
            if occurrence.fire_at < end:
                return occurrence
            nominal = found
        return None

    def state(self, now: int) -> TimerState:
        """Tell where it stands at a second; one that is paused stays so."""
        if self.paused:
            return TimerState.PAUSED
        return TimerState.ENDED if self.next(now) is None else TimerState.ACTIVE

    @property
    def _longest_delay(self) -> int:
        return self.jitter.seconds if self.jitter else 0

    def _is_open_at(self, nominal: int) -> bool:
        return nominal <= LAST_MOMENT and (self.end is None or nominal < self.end)


def stable_number(text: str) -> int:
    """Give a number that is the same everywhere and always, spread evenly over 64 bits."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
