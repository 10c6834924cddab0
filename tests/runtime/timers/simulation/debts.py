"""Which firings are owed: by what was promised and the schedule library, whoever has to pay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cdk_streamer_runtime.timers.definition import Definition, Occurrence, Policy
from cdk_streamer_runtime.timers.schedules.schedule import Once
from tests.runtime.timers.simulation.history import NEVER, History
from tests.runtime.timers.simulation.queues import POISON
from tests.runtime.timers.simulation.wishes import Ledger

SKEW = 500  # milliseconds, of any clock
_LONGEST_PAUSE = 40 * 86_400  # seconds between two firings of what is drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is judged, and how exactly.

    `settled_at` tells, for a timer and a nominal moment, when all of it had been sent: a change of
    the timer before that voids it, and a policy may have let it go as late. `end` is the second up
    to which firings are owed, `look_ahead` in seconds too.
    """

    look_ahead: int
    strict: bool
    calm: bool
    end: int
    settled_at: Callable[[str, int], int]
    has_policies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which a timer had the same moments: versions that differ in data are one.

    Where revisions are compared each version stands for itself. `moves` when another follows at
    once: what it owed by then is owed all the same. A pause or the end voids what was not sent.
    """

    definition: Definition
    start: int
    end: int
    promised_at: int
    moves: bool = False


def spans_of(id: str, history: History, ledger: Ledger, *, strict: bool) -> Iterator[Span]:
    """Give the times in which a timer was there and not paused."""
    span: Span | None = None
    for version in history.versions[id]:
        if version.operation is None or version.paused:
            if span is not None:
                yield span
            span = None
            continue
        definition = ledger.definitions[version.operation]
        promised = ledger.promised_at(id, version.rev)
        new = Span(
            definition=definition,
            start=version.at,
            end=version.until,
            promised_at=NEVER if promised is None else promised,
        )
        if span is not None and not strict and _moments(span.definition) == _moments(definition):
            promised_at = min(span.promised_at, new.promised_at)
            span = replace(new, start=span.start, promised_at=promised_at)
            continue
        if span is not None:
            yield replace(span, moves=True)
        span = new
    if span is not None:
        yield span


class Debts:
    """What is owed to the owners of timers under the rules of one run."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def owed(self, span: Span) -> Iterator[Occurrence]:
        """Give the firings that must have come: promised before, and sent before a change."""
        if span.promised_at == NEVER:
            return
        start = _ceil(max(span.start, span.promised_at) + 2 * SKEW)
        end = min(self.rules.end, _ceil(span.end - self._margin(span)))
        for each in span.definition.occurrences(start, max(end, start)):
            # Where revisions are compared, what still waits for its jitter is dropped too.
            dropped = self.rules.strict and each.fire_at * 1000 >= span.end - self._margin(span)
            if each.fire_at < self.rules.end and not dropped and self._is_due(span, each):
                yield each

    def _is_due(self, span: Span, occurrence: Occurrence) -> bool:
        if span.end == NEVER or (span.moves and self.rules.has_policies):
            # A request knows what is due from when it began, some time before its write.
            slack = 2_000 if self.rules.calm else 60_000
            if (occurrence.nominal + 1) * 1000 < span.end - slack:
                return True
        return self.rules.settled_at(span.definition.id, occurrence.nominal) <= span.end

    def possible(self, span: Span) -> Iterator[Occurrence]:
        """Give the firings that may come of it: nothing later than what was claimed at its end.

        A request decides on its first moment some time before its write takes place, and a single
        moment may be asked for when it is past.
        """
        before = 2 if self.rules.calm else 60
        if isinstance(span.definition.schedule, Once):
            before = 600
        end = min(self.rules.end, _ceil(span.end) + self.rules.look_ahead + 60)
        return span.definition.occurrences(span.start // 1000 - before, end)

    def lets_go(self, definition: Definition, occurrence: Occurrence) -> bool:
        """Tell whether its policy allows that it never comes: it was late, or so was the next."""
        misfire = definition.misfire
        if misfire.policy is Policy.FIRE_ALL:
            return False
        if not self.rules.has_policies:
            return True
        late = occurrence if misfire.policy is Policy.SKIP else _next(definition, occurrence)
        sent_at = self.rules.settled_at(definition.id, occurrence.nominal) + SKEW
        return late is not None and sent_at > (late.fire_at + misfire.grace) * 1000

    def _margin(self, span: Span) -> int:
        """Give how long before a change a firing may be dropped where revisions are compared."""
        if not self.rules.strict or span.end == NEVER:
            return 0
        return 3_000 if self.rules.calm else 300_000


def _moments(definition: Definition) -> tuple[object, ...]:
    wanted = definition
    can_be_sent = POISON not in wanted.data
    return wanted.recurrence, wanted.start, wanted.end, wanted.jitter, wanted.plain, can_be_sent


def _next(definition: Definition, occurrence: Occurrence) -> Occurrence | None:
    start = occurrence.nominal + 1
    return next(definition.occurrences(start, start + _LONGEST_PAUSE), None)


def _ceil(milliseconds: int) -> int:
    return -(-milliseconds // 1000)
