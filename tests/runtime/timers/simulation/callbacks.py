"""What reached the user's callback, and when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tests.runtime.timers.simulation.queues import Message


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One call of the callback. `clock` is what its own machine showed."""

    at: int
    clock: int
    began: int  # the invocation
    revision: int | None
    operation: int
    message: Message


class Callbacks:
    """All calls, by timer and by the moment that they are for."""

    def __init__(self) -> None:
        self.deliveries: defaultdict[str, defaultdict[int, list[Delivery]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.dead: defaultdict[str, set[int]] = defaultdict(set)

    def called(self, id: str, moment: int, delivery: Delivery) -> None:
        """Know of a call."""
        self.deliveries[id][moment].append(delivery)

    def gave_up(self, id: str, moment: int) -> None:
        """Know of a dead letter."""
        self.dead[id].add(moment)
