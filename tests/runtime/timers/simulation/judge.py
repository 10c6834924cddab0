"""Compares what was owed with what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.runtime.timers.simulation.callbacks import Callbacks, Delivery
from tests.runtime.timers.simulation.debts import SKEW, Debts, Rules, Span, spans_of
from tests.runtime.timers.simulation.history import History, Version
from tests.runtime.timers.simulation.queues import POISON, Message
from tests.runtime.timers.simulation.wishes import Ledger

EARLY = 50  # milliseconds
REQUEST = 120_000  # milliseconds from when somebody asks to when it is sent, at most


@dataclass(slots=True)
class Score:
    """What became of the firings of one run."""

    occurrences: int = 0
    lost: list[str] = field(default_factory=list)
    skipped: int = 0
    dead: int = 0
    early: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)
    messages: int = 0
    duplicates: list[list[Delivery]] = field(default_factory=list)  # of each, all that came
    redispatched: int = 0  # firings that more than one message of dispatchers was for
    resent: int = 0  # messages that a further request brought once more
    lateness: list[int] = field(default_factory=list)

    @property
    def repeated(self) -> int:
        """Count the messages that were one too many although nobody had asked again."""
        return sum(len(_messages(each)) - 1 for each in self.duplicates)


def judge(rules: Rules, ledger: Ledger, history: History, callbacks: Callbacks) -> Score:
    """Count what became of every firing."""
    score, debts = Score(), Debts(rules)
    for id in list(history.versions):
        spans = list(spans_of(id, history, ledger, strict=rules.strict))
        owed = _collect(id, spans, debts, callbacks, score)
        possible = {each.fire_at for span in spans for each in debts.possible(span)}
        for moment, deliveries in callbacks.deliveries[id].items():
            if moment >= rules.end:
                continue
            _look_at(id, moment, deliveries, score)
            _count(deliveries, ledger.asked[id], score)
            if moment in owed:
                score.lateness.append(deliveries[0].at - moment * 1000)
            elif moment not in possible:
                score.phantoms.append(f"{id} at {moment} came, and no version of it fires then")
            if (id, moment) in history.finished:
                score.phantoms += _repeated(id, moment, deliveries, history)
            if rules.strict:
                score.phantoms += _stale(id, moment, deliveries, history, calm=rules.calm)
    return score


def _collect(
    id: str, spans: list[Span], debts: Debts, callbacks: Callbacks, score: Score
) -> set[int]:
    owed: set[int] = set()
    came, dead = callbacks.deliveries[id], callbacks.dead[id]
    for span in spans:
        for each in debts.owed(span):
            if each.fire_at in owed:
                continue
            owed.add(each.fire_at)
            score.occurrences += 1
            if each.fire_at in came:
                continue
            # What no queue takes is a dead letter, or when an API sends it a metric.
            if each.fire_at in dead or POISON in span.definition.data:
                score.dead += 1
            elif debts.lets_go(span.definition, each):
                score.skipped += 1
            else:
                score.lost.append(f"{id} at {each.fire_at} was lost: {span.definition.schedule}")
    return owed


def _look_at(id: str, moment: int, deliveries: list[Delivery], score: Score) -> None:
    for delivery in deliveries:
        early = moment * 1000 - delivery.clock
        # By its own clock never, by the true one not more than that may be wrong.
        if early > EARLY or moment * 1000 - delivery.at > EARLY + SKEW:
            score.early.append(f"{id} at {moment} came {early} ms early")


def _repeated(id: str, moment: int, deliveries: list[Delivery], history: History) -> Iterator[str]:
    """Tell of calls by who began when the firing was recorded as done."""
    for delivery in deliveries:
        if delivery.began > history.finished[id, moment]:
            yield f"{id} at {moment} was called again although it was done"


def _stale(
    id: str, moment: int, deliveries: list[Delivery], history: History, *, calm: bool
) -> Iterator[str]:
    """Tell of firings of a revision that had been replaced before the callback began.

    Those that were due before the change, and came late, are due rightly; of a timer that is
    paused or gone there are none.
    """
    slack = 2_000 if calm else 60_000  # from a request's first clock to its write
    for delivery in deliveries:
        # The callback has looked at some moment between the two.
        versions = [history.version_at(id, at) for at in (delivery.began, delivery.at)]
        if not any(_admits(version, delivery, moment * 1000 - slack) for version in versions):
            yield f"{id} at {moment} came {delivery.at - moment * 1000} ms later, as it was no more"


def _admits(version: Version | None, delivery: Delivery, moment: int) -> bool:
    """Tell whether a firing is right when the timer is so."""
    if version is None or version.operation is None or version.paused:
        return False
    return version.rev == delivery.revision or moment < version.at


def _count(deliveries: list[Delivery], asked: list[int], score: Score) -> None:
    """Count messages; that somebody asked again between two of them is why both were sent."""
    messages = _messages(deliveries)
    score.messages += len(messages)
    if len(messages) > 1:
        first, last = messages[0].sent_at, messages[-1].sent_at
        if any(first - REQUEST <= again <= last for again in asked[1:]):
            score.resent += len(messages) - 1
        else:
            score.duplicates.append(deliveries)
            by_dispatchers = sum(each.sender.startswith("dispatcher") for each in messages)
            score.redispatched += max(by_dispatchers - 1, 0)


def _messages(deliveries: list[Delivery]) -> list[Message]:
    """Give the messages, each once, in the order in which they were sent."""
    messages = {delivery.message.id: delivery.message for delivery in deliveries}
    return sorted(messages.values(), key=lambda message: message.sent_at)
