"""What one invocation does, call by call; what it may not do is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.errors import AwsError, ConditionFailed
from tests.runtime.streams.simulation.changes import Change, Source, number_of
from tests.runtime.streams.simulation.services import Entry, Fault, Landing, Work, is_bad

Answer = Mapping[str, Any]


@dataclass(eq=False, slots=True, kw_only=True)
class Sent:
    """A call on its way."""

    entries: list[Entry]
    keys: frozenset[str]


@dataclass(slots=True)
class Turn:
    """The last event of a key that a pipeline has begun, and whether it got through."""

    events: tuple[str, ...]
    number: int
    through: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class Invocation:
    """One invocation, and the changes that it was given."""

    name: str
    source: Source
    changes: tuple[Change, ...]
    began: int
    deadline: int
    found: list[str]
    calls: int = 0
    done: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    faults: list[tuple[int, dict[str, Any]]] = field(
        default_factory=list[tuple[int, dict[str, Any]]]
    )
    unsure: set[int] = field(default_factory=set[int])  # of whose faults the answer was lost
    failing: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    begun: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    ended: int | None = None
    failed: frozenset[int] | None = None  # the numbers that come again; None: no answer
    _by_event: dict[str, Change] = field(default_factory=dict[str, Change])
    _turns: dict[tuple[str, str], Turn] = field(default_factory=dict[tuple[str, str], Turn])
    _on_the_way: list[Sent] = field(default_factory=list[Sent])

    def __post_init__(self) -> None:
        self._by_event = {change.id: change for change in self.changes}

    def begin(self, entries: list[Entry], now: int) -> Sent:
        """Know that a call begins."""
        self.calls += 1
        for entry in entries:
            self._check_own(entry)
        changes = [*self._changes(entries)]
        sent = Sent(entries=entries, keys=frozenset(change.key for _, change in changes))
        for other in self._on_the_way:
            for key in sorted(sent.keys & other.keys):
                self._tell(f"two calls of {key} at once: {other.entries} and {entries}")
        self._on_the_way.append(sent)
        for entry in entries:
            if isinstance(entry, Work):
                self._check_need(entry)
                self._take_turns(entry)
        self.begun += [(change.number, now) for _, change in changes]
        return sent

    def end(self, sent: Sent, landing: Landing | AwsError, now: int) -> None:
        """Know what came of it."""
        self._on_the_way.remove(sent)
        through = _through(landing, len(sent.entries))
        for entry, taken in zip(sent.entries, through, strict=True):
            if isinstance(entry, Fault):
                self._know_fault(entry, taken=taken is True)
                continue
            for change in self._of(entry):
                self.failing.pop((entry.pipeline, change.number), None)
                if taken:
                    self.done.add((entry.pipeline, change.id))
                    self._turns[entry.pipeline, change.key].through = True
                elif taken is None:
                    self._turns[entry.pipeline, change.key].through = True
                else:
                    self.failing[entry.pipeline, change.number] = now

    def given_up(self, number: int) -> int | None:
        """Give when the last call for a change failed that was not made again."""
        return max((at for (_, of), at in self.failing.items() if of == number), default=None)

    def answer(self, failed: Iterable[int], now: int) -> None:
        """Know which come again."""
        self.ended, self.failed = now, frozenset(failed)

    def _know_fault(self, fault: Fault, *, taken: bool) -> None:
        number = number_of(fault.document["record"])
        if taken:
            self.faults.append((number, fault.document))
        else:
            self.unsure.add(number)

    def _check_need(self, work: Work) -> None:
        if all((work.pipeline, event) in self.done for event in work.events):
            self._tell(f"{work} was sent again although it was taken")

    def _take_turns(self, work: Work) -> None:
        """Let each key of an entry have its turn; its last event stands for those before it."""
        of_keys: dict[str, list[Change]] = {}
        for change in self._of(work):
            of_keys.setdefault(change.key, []).append(change)
        for key, changes in of_keys.items():
            turn = self._turns.get((work.pipeline, key))
            if turn is None or turn.events != work.events:
                self._check_turn(turn, work.pipeline, changes[0])
                turn = Turn(work.events, changes[-1].number)
                self._turns[work.pipeline, key] = turn

    def _check_turn(self, turn: Turn | None, pipeline: str, change: Change) -> None:
        if turn is None or turn.number < change.number:
            if turn and not turn.through and self.source.is_ordered:
                self._tell(f"{change.id} began in {pipeline} before e{turn.number} was through")
        elif self.source.is_ordered:
            self._tell(f"{change.id} began in {pipeline} after e{turn.number} of the same key")

    def _check_own(self, entry: Entry) -> None:
        if isinstance(entry, Fault):
            number = number_of(entry.document["record"])
            if number not in {change.number for change in self.changes}:
                self._tell(f"a fault of record {number}, which it was not given")
            return
        for event in entry.events:
            if event not in self._by_event:
                self._tell(f"{entry.pipeline} sent {event}, which it was not given")

    def _changes(self, entries: Iterable[Entry]) -> Iterator[tuple[str, Change]]:
        for entry in entries:
            if isinstance(entry, Work):
                for change in self._of(entry):
                    yield entry.pipeline, change

    def _of(self, work: Work) -> list[Change]:
        own = [self._by_event[event] for event in work.events if event in self._by_event]
        return sorted(own, key=lambda change: change.number)

    def _tell(self, text: str) -> None:
        self.found.append(f"{self.name}: {text}")


def _through(landing: Landing | AwsError, count: int) -> list[bool | None]:
    """Tell of each entry whether it was taken; None: it never will be."""
    if isinstance(landing, Landing):
        return list(landing.taken)
    if isinstance(landing, ConditionFailed):
        return [True] * count  # what is newer is stored
    return [None if is_bad(landing) else False] * count
