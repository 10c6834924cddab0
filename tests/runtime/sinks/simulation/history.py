"""What happened in a world, as its judge wants to know it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.runtime.sinks.simulation.lambdas import Outcome


@dataclass(frozen=True, slots=True)
class State:
    """The circuit's row from a moment on."""

    at: int
    state: str = "closed"
    held: bool = False
    openings: int = 0
    trial: str = ""


@dataclass(eq=False, slots=True, kw_only=True)
class History:
    """What happened to messages by the senders' keys, and to the circuit."""

    receives: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    dead: dict[str, int] = field(default_factory=dict[str, int])
    acknowledged: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    circuit: list[State] = field(default_factory=list[State])
    commands: list[tuple[int, str, Outcome]] = field(default_factory=list[tuple[int, str, Outcome]])
