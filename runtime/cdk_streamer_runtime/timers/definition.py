"""What a timer is: when it fires, with what, and what becomes of firings that are late."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.schedules.moments import LAST_MOMENT
from cdk_streamer_runtime.timers.schedules.schedule import Every, Schedule

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

    @property
    def longest_delay(self) -> int:
        """The most seconds by which jitter delays a firing: none that lies in the phase."""
        in_phase = isinstance(self.schedule, Every) and self.jitter and not self.jitter.each
        return self.jitter.seconds if self.jitter and not in_phase else 0

    def occurrences(self, start: int, end: int) -> Iterator[Occurrence]:
        """Give the firings whose nominal moment is in [start, end), in its order."""
        low = start if self.start is None else max(start, self.start)
        high = end if self.end is None else min(end, self.end)
        for nominal in self.recurrence.occurrences(low, high):
            yield Occurrence(nominal=nominal, fire_at=nominal + self.delay(nominal))

    def next(self, start: int) -> Occurrence | None:
        """Give the first firing at or after `start`; None when there is none any more."""
        delay = self.longest_delay
        following = self._after(start - delay)
        first = next((each for each in following if each.fire_at >= start), None)
        if first is None or not delay:
            return first
        # What a gap of the clocks pushed together may pass each other with its jitter.
        near = takewhile(lambda each: each.nominal < first.fire_at, following)
        return min((first, *(each for each in near if each.fire_at >= start)), key=_moment)

    def previous(self, end: int) -> Occurrence | None:
        """Give the last firing before `end`; None when there was none yet."""
        delay = self.longest_delay
        earlier = self._before(end)
        last = next((each for each in earlier if each.fire_at < end), None)
        if last is None or not delay:
            return last
        near = takewhile(lambda each: each.nominal + delay > last.fire_at, earlier)
        return max((last, *(each for each in near if each.fire_at < end)), key=_moment)

    def state(self, now: int) -> TimerState:
        """Tell where it stands at a second; one that is paused stays so."""
        if self.paused:
            return TimerState.PAUSED
        return TimerState.ENDED if self.next(now) is None else TimerState.ACTIVE

    def _after(self, nominal: int) -> Iterator[Occurrence]:
        recurrence, moment = self.recurrence, max(nominal, self.start or 0)
        end = LAST_MOMENT + 1 if self.end is None else self.end
        while (found := recurrence.next(moment)) is not None and found < end:
            yield Occurrence(nominal=found, fire_at=found + self.delay(found))
            moment = found + 1

    def _before(self, nominal: int) -> Iterator[Occurrence]:
        recurrence, moment = self.recurrence, nominal
        if self.end is not None:
            moment = min(moment, self.end)
        while (found := recurrence.previous(moment)) is not None and found >= (self.start or 0):
            yield Occurrence(nominal=found, fire_at=found + self.delay(found))
            moment = found


def _moment(occurrence: Occurrence) -> int:
    return occurrence.fire_at


def stable_number(text: str) -> int:
    """Give a number that is the same everywhere and always, spread evenly over 64 bits."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
