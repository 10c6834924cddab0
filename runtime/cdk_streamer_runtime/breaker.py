"""A circuit breaker: whether a downstream is to be asked, by what became of the calls before.

Closed, all calls go through. With too many failures it opens: none does, for a while. Then it is
half open: a few go through; if they succeed it closes, if one fails it opens for twice as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self


class CircuitState(StrEnum):
    """What a circuit does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When a circuit opens, and how it closes again; times are in milliseconds.

    It opens with so many `failures` in a `window`, if they are this `share` of the calls known.
    """

    failures: int
    share: float
    window: int
    pause: int
    longest_pause: int
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of a downstream, shared by all that call it. Times are since the epoch.

    `openings` counts since it was closed; `trials` are the calls that may still be tried, `passed`
    those that succeeded. `until` is when an open one is tried, and when a trial that nobody has
    heard of counts as lost.
    """

    state: CircuitState = CircuitState.CLOSED
    since: int = 0
    failures: int = 0
    calls: int = 0
    openings: int = 0
    until: int = 0
    trials: int = 0
    passed: int = 0
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
        until=now + breaker.pause,
    )
    return True, trying


def succeeded(circuit: Circuit, breaker: Breaker, *, trial: bool) -> Circuit:
    """Give what has to be stored after a call that succeeded; the same, if nothing has.

    What was let through when all was well, and comes back late, is no `trial`.
    """
    if circuit.state is not CircuitState.HALF_OPEN or not trial:
        return circuit
    passed = circuit.passed + 1
    if passed < breaker.trials:
        return _next(circuit, passed=passed)
    return Circuit(version=circuit.version + 1)


def failed(circuit: Circuit, breaker: Breaker, now: int, *, trial: bool, calls: int = 1) -> Circuit:
    """Give what has to be stored after a call that failed.

    `calls` are it and those that have succeeded since somebody last noted a failure.
    """
    if circuit.state is CircuitState.HALF_OPEN and trial:
        return _opened(circuit, breaker, now)
    if circuit.state is not CircuitState.CLOSED:
        return circuit  # it was begun before
    if now - circuit.since > breaker.window:
        circuit = replace(circuit, since=now, failures=0, calls=0)
    noted = _next(circuit, failures=circuit.failures + 1, calls=circuit.calls + calls)
    too_many = noted.failures >= breaker.failures
    if too_many and noted.failures >= breaker.share * noted.calls:
        return _opened(circuit, breaker, now)
    return noted


def _opened(circuit: Circuit, breaker: Breaker, now: int) -> Circuit:
    pause = min(breaker.longest_pause, breaker.pause * 2 ** min(circuit.openings, 30))
    return Circuit(
        state=CircuitState.OPEN,
        openings=circuit.openings + 1,
        until=now + pause,
        version=circuit.version + 1,
    )


def _next(circuit: Circuit, state: CircuitState | None = None, **changes: int) -> Circuit:
    version = circuit.version + 1
    return replace(circuit, version=version, state=state or circuit.state, **changes)
