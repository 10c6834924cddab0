"""What the batch says that it did, set against what is in the mailer's queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SECOND = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A message in the queue: for whom, by which key, and when it was sent, in milliseconds."""

    user: str
    key: str
    sent_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The users who were to be reminded, the batch's report, and the reminders that are there."""

    users: frozenset[str]
    report: Mapping[str, Any]
    reminders: Sequence[Reminder]

    @property
    def keys(self) -> int:
        """How many reminders a receiver sees that looks at their keys."""
        return len({reminder.key for reminder in self.reminders})

    @property
    def most_in_a_second(self) -> int:
        """How many there were at most in any second, wherever it begins."""
        moments = sorted(reminder.sent_at for reminder in self.reminders)
        first = most = 0
        for last, moment in enumerate(moments):
            while moments[first] <= moment - SECOND:
                first += 1
            most = max(most, last - first + 1)
        return most

    @property
    def seconds(self) -> float:
        """How long the sending took."""
        moments = [reminder.sent_at for reminder in self.reminders]
        return (max(moments) - min(moments)) / SECOND if moments else 0.0

    def faults(self) -> Iterator[str]:
        """Tell where report and queue do not say the same."""
        found = Counter(reminder.user for reminder in self.reminders)
        told, left = frozenset(self.report["missing"]), self.users - found.keys()
        yield from _differ("discovered", self.report["discovered"], len(self.users))
        yield from _differ("published", self.report["published"], len(found))
        yield from _differ("failed", self.report["failed"], len(left))
        yield from _named("not reminded, and not in the report", left - told)
        yield from _named("in the report, and reminded", told & found.keys())
        yield from _named("reminded, and no user", found.keys() - self.users)
        yield from _differ("keys", self.keys, len(found))


def _differ(what: str, told: int, counted: int) -> Iterator[str]:
    if told != counted:
        yield f"{what}: told {told}, counted {counted}"


def _named(what: str, users: Iterable[str]) -> Iterator[str]:
    names = sorted(users)
    if names:
        yield f"{what}: {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"  # noqa: PLR2004 - enough
