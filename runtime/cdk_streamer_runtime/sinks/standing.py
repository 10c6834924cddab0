"""How a sink stands: its circuit, what operators want, and what the controller has seen to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from cdk_streamer_runtime.breaker import (
    Breaker,
    Circuit,
    CircuitState,
    admitted,
    closed,
    failed,
    pause_after,
    postponed,
)
from cdk_streamer_runtime.contract.sinks import BreakerEnvironment

# A pause of polling takes effect that late. Who gets a message back sooner gets it in vain.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
LATE = 60_000
_MOST_UNKNOWN = 5
_SECOND, _MINUTE = 1_000, 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is stored of a sink. Times are milliseconds since the epoch.

    Every change of what is to be done makes a new version. `waker` is the one that the controller
    will be woken for, and `paused` what it has last told the mapping: who finds them otherwise
    than they should be has to see to it.
    """

    circuit: Circuit = field(default_factory=Circuit)
    held: bool = False  # by an operator: nothing is delivered, whatever the circuit says
    paused: bool = False
    waker: int = 0
    trial: str = ""  # whose it is
    unknown: int = 0  # trials in a row that said nothing
    opened_at: int = 0  # 0: it is closed

    @classmethod
    def read(cls, row: Mapping[str, Any] | None) -> Self:
        """Give what a row says; without one, or with parts of it alone, all is well."""
        row = row or {}
        return cls(
            circuit=Circuit.read(row),
            held=bool(row.get("held")),
            paused=bool(row.get("paused")),
            waker=int(row.get("waker") or 0),
            trial=str(row.get("trial") or ""),
            unknown=int(row.get("unknown") or 0),
            opened_at=int(row.get("opened_at") or 0),
        )

    def row(self) -> dict[str, Any]:
        """Give the attributes of its row."""
        own = {name: getattr(self, name) for name in self.__slots__ if name != "circuit"}
        return {**self.circuit.row(), **own}

    @property
    def version(self) -> int:
        """Which one it is of all that were stored."""
        return self.circuit.version

    @property
    def is_closed(self) -> bool:
        """Whether the downstream counts as well."""
        return self.circuit.state is CircuitState.CLOSED

    @property
    def is_off(self) -> bool:
        """Whether nothing is to be taken from the queue."""
        return self.held or not self.is_closed

    @property
    def is_waiting(self) -> bool:
        """Whether a moment will come at which a trial is due."""
        return not self.is_closed and not self.held

    def settled(self, now: int) -> bool:
        """Tell whether the controller has seen to all of it; in doubt it has not."""
        if self.paused != self.is_off or (self.is_waiting and self.waker != self.version):
            return False
        return now < self.circuit.until + LATE or not self.is_waiting

    # --- what happens -------------------------------------------------------------------------

    def failed(self, breaker: Breaker, now: int, calls: int) -> Standing:
        """Give what is to be stored after a delivery that failed; the same, if nothing is."""
        return self._with(failed(self.circuit, breaker, now, trial=False, calls=calls), now)

    def trying(self, breaker: Breaker, now: int, trial: str) -> Standing | None:
        """Give what is to be stored before a trial; None: it is not due."""
        may, circuit = admitted(self.circuit, breaker, now)
        if not may or circuit is self.circuit:
            return None
        return replace(self._with(circuit, now), trial=trial)

    def passed(self, breaker: Breaker, now: int) -> Standing:
        """Close it after a trial that passed, or because there is none to make."""
        return self._with(closed(self.circuit, breaker, now), now)

    def unguarded(self, now: int) -> Standing:
        """Close it for want of a breaker: a deployment has left that out while it was open."""
        return self._with(Circuit(version=self.version + 1), now)

    def refused(self, breaker: Breaker, now: int) -> Standing:
        """Open it for longer, after a trial that failed."""
        return replace(self._with(failed(self.circuit, breaker, now, trial=True), now), unknown=0)

    def undecided(self, breaker: Breaker, now: int) -> Standing:
        """Try another message, after one that says nothing; with so many of them try no more.

        For nothing is then known against the downstream, and what is may be heard soon.
        """
        if self.unknown + 1 >= _MOST_UNKNOWN:
            return self.passed(breaker, now)
        after = self._with(postponed(self.circuit, now + _SECOND), now)
        return replace(after, unknown=self.unknown + 1)

    def untried(self, breaker: Breaker, now: int, wait: int | None = None) -> Standing:
        """Try later, for nothing could be tried: after `wait`, or after a pause that is short."""
        pause = min(pause_after(self.circuit.openings, breaker), _MINUTE) if wait is None else wait
        return self._with(postponed(self.circuit, now + pause), now)

    def on_hold(self, now: int) -> Standing:
        """Let nothing be delivered, until somebody takes that back."""
        return replace(self._with(self._again(), now), held=True)

    def resumed(self, now: int) -> Standing:
        """Take that back. One that is open is tried at once: nobody knows how it is now."""
        circuit = self._again()
        if circuit.state is CircuitState.OPEN:
            circuit = replace(circuit, until=min(circuit.until, now))
        return replace(self._with(circuit, now), held=False)

    def _again(self) -> Circuit:
        return replace(self.circuit, version=self.version + 1)

    def _with(self, circuit: Circuit, now: int) -> Standing:
        if circuit is self.circuit:
            return self
        if circuit.state is CircuitState.CLOSED:
            return replace(self, circuit=circuit, trial="", unknown=0, opened_at=0)
        is_tried = circuit.state is CircuitState.HALF_OPEN
        return replace(
            self,
            circuit=circuit,
            trial=self.trial if is_tried else "",
            opened_at=self.opened_at or now,
        )


def breaker_of(settings: BreakerEnvironment) -> Breaker | None:
    """Give the breaker that a construct asks for; None: there is none."""
    if settings.breaker_failures is None:
        return None
    longest = settings.breaker_longest_pause_seconds * _SECOND
    return Breaker(
        failures=settings.breaker_failures,
        share=settings.breaker_share_percent / 100,
        window=settings.breaker_window_seconds * _SECOND,
        pause=settings.breaker_pause_seconds * _SECOND,
        longest_pause=longest,
        trials=1,
        trial_time=settings.breaker_probe_seconds * _SECOND,
        calm=longest,
        # A message that failed alone comes again later and later, up to a quarter of an hour.
        streaks=True,
    )
