"""What people want of timers, and what they were told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from cdk_streamer_runtime.timers.definition import Definition


class Verb(StrEnum):
    """What may be wanted of one timer."""

    PUT = "put"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing that is wanted."""

    id: str
    verb: Verb
    operation: int  # of the definition; 0 without one
    definition: Definition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a status for each wish, and the revision where there is one."""

    statuses: tuple[int, ...]
    revisions: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgment:
    """A wish that was granted, when it was first asked for and when its answer came."""

    wish: Wish
    asked_at: int
    at: int
    revision: int | None


class Ledger:
    """All wishes by their number, and all acknowledgments by id."""

    def __init__(self) -> None:
        self.definitions: dict[int, Definition] = {}
        self.acknowledged: defaultdict[str, list[Acknowledgment]] = defaultdict(list)
        self.asked: defaultdict[str, list[int]] = defaultdict(list)

    def wanted(self, wish: Wish, at: int) -> None:
        """Know what somebody is about to ask for."""
        self.asked[wish.id].append(at)
        if wish.definition is not None:
            self.definitions[wish.operation] = wish.definition

    def acknowledge(self, acknowledgment: Acknowledgment) -> None:
        """Know what somebody was promised."""
        self.acknowledged[acknowledgment.wish.id].append(acknowledgment)

    def promised_at(self, id: str, revision: int) -> int | None:
        """Give when the first of those who wanted it knew of a revision."""
        times = [each.at for each in self.acknowledged[id] if each.revision == revision]
        return min(times, default=None)
