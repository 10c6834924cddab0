"""A circuit breaker: whether a downstream is to be asked, by what became of the calls before.

Closed, all calls go through. With too many failures it opens: none does, for a while. Then it is
half open: a few go through; if they succeed it closes, if one fails it opens for twice as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

_SUSPICIOUS = 2  # failures of whom was not well lately


class CircuitState(StrEnum):
    """What a circuit does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When a circuit opens, and how it closes again; times are in milliseconds.

    It opens with so many `failures` in a `window`, if they are this `share` of the calls known.
    A trial that nobody has heard of for `trial_time` is lost; default: for a `pause`. Who fails
    again before he was well for as long as `calm` is left alone for longer than the time before,
    and two failures are enough. With `streaks` it also opens with so many failures between which
    nobody is known to have succeeded, however far apart they are and whatever was before.
    """

    failures: int
    share: float
    window: int
    pause: int
    longest_pause: int
    trials: int
    trial_time: int | None = None
    calm: int = 0
    streaks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of a downstream, shared by all that call it. Times are since the epoch.

    `openings` counts since it was well; `trials` are the calls that may still be tried, `passed`
    those that succeeded. `until` is when an open one is tried, when a trial that nobody has heard
    of counts as lost, and when one that was closed counts as well. `streak` are the failures since
    the last one that somebody who had succeeded meanwhile has noted.
    """

    state: CircuitState = CircuitState.CLOSED
    since: int = 0
    failures: int = 0
    calls: int = 0
    openings: int = 0
    until: int = 0
    trials: int = 0
    passed: int = 0
    streak: int = 0
    version: int = 0

    @classmethod
    def read(cls, row: Mapping[str, Any] | None) -> Self:
        """Give the circuit of a row; without one it has never failed.

        An operator may have written the row, and no more of it than its state.
        """
        if row is None:
            return cls()
        numbers = {name: int(row.get(name) or 0) for name in cls.__slots__ if name != "state"}
        return cls(state=CircuitState(row.get("state", CircuitState.CLOSED)), **numbers)

    def row(self) -> dict[str, Any]:
        """Give the attributes of its row."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "state": self.state.value}


def admitted(circuit: Circuit, breaker: Breaker, now: int) -> tuple[bool, Circuit]:
    """Tell whether a call may be made, and give what has to be stored before it is."""
    if circuit.state is CircuitState.CLOSED:
        return True, circuit
    if circuit.state is CircuitState.HALF_OPEN and circuit.trials:
        return True, _next(circuit, trials=circuit.trials - 1)
    if now < circuit.until:
        return False, circuit
    # Of a trial that ended with its sandbox nobody hears: others are let through.
    trying = _next(
        circuit,
        state=CircuitState.HALF_OPEN,
        trials=breaker.trials - circuit.passed - 1,
        until=now + (breaker.trial_time or breaker.pause),
    )
    return True, trying


def succeeded(circuit: Circuit, breaker: Breaker, *, trial: bool, now: int = 0) -> Circuit:
    """Give what has to be stored after a call that succeeded; the same, if nothing has.

    What was let through when all was well, and comes back late, is no `trial`.
    """
    if circuit.state is not CircuitState.HALF_OPEN or not trial:
        return circuit
    passed = circuit.passed + 1
    if passed < breaker.trials:
        return _next(circuit, passed=passed)
    return closed(circuit, breaker, now)


def closed(circuit: Circuit, breaker: Breaker, now: int) -> Circuit:
    """Close it, whatever is known: by a trial that passed, or because there is none to make."""
    version = circuit.version + 1
    if not breaker.calm:
        return Circuit(version=version)
    return Circuit(version=version, openings=circuit.openings, until=now + breaker.calm)


def postponed(circuit: Circuit, until: int) -> Circuit:
    """Leave it open until then, for a trial that could not be made says nothing."""
    version = circuit.version + 1
    return Circuit(state=CircuitState.OPEN, openings=circuit.openings, until=until, version=version)


def failed(circuit: Circuit, breaker: Breaker, now: int, *, trial: bool, calls: int = 1) -> Circuit:
    """Give what has to be stored after a call that failed.

    `calls` are it and those that have succeeded since somebody last noted a failure.
    """
    if circuit.state is CircuitState.HALF_OPEN and trial:
        return _opened(circuit, breaker, now)
    if circuit.state is not CircuitState.CLOSED:
        return circuit  # it was begun before
    if now >= circuit.until:
        circuit = replace(circuit, openings=0)
    streak = circuit.streak + 1 if calls == 1 else 1
    if now - circuit.since > breaker.window:
        # A window begins with a failure. What had succeeded before would outweigh all that follow.
        circuit, calls = replace(circuit, since=now, failures=0, calls=0), 1
    failures, known = circuit.failures + 1, circuit.calls + calls
    noted = _next(circuit, failures=failures, calls=known, streak=streak)
    needed = min(breaker.failures, _SUSPICIOUS) if circuit.openings else breaker.failures
    is_share = failures >= needed and failures >= breaker.share * known
    if is_share or (breaker.streaks and streak >= needed):
        return _opened(circuit, breaker, now)
    return noted


def pause_after(openings: int, breaker: Breaker) -> int:
    """Give how long it stays open after so many openings."""
    return min(breaker.longest_pause, breaker.pause * 2 ** min(max(openings - 1, 0), 30))


def _opened(circuit: Circuit, breaker: Breaker, now: int) -> Circuit:
    openings = circuit.openings + 1
    return Circuit(
        state=CircuitState.OPEN,
        openings=openings,
        until=now + pause_after(openings, breaker),
        version=circuit.version + 1,
    )


def _next(circuit: Circuit, state: CircuitState | None = None, **changes: int) -> Circuit:
    version = circuit.version + 1
    return replace(circuit, version=version, state=state or circuit.state, **changes)
