"""Pages of timers: sought, filtered and in an order, for lists that are longer than a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from cdk_streamer_local.console.panels.timers.index import Entry
from cdk_streamer_local.console.panels.timers.wording import in_words
from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.schedules.schedule import Every

PAGE = 50
_NEVER = 1 << 62

Order = Callable[[Entry, int], tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """A timer in a list. `next` and `last` are in seconds, `period` is that of a periodic one."""

    id: str
    service: str
    owner: str
    schedule: str
    state: TimerState
    next: int | None
    last: int | None
    period: int | None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerPage:
    """Some timers, of so many that were found."""

    rows: Sequence[TimerRow]
    found: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What somebody wants to see: all of it, if nothing is said."""

    words: tuple[str, ...] = ()
    service: str = ""
    owner: str = ""
    state: str = ""
    order: str = "next"
    page: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Read what a page asks."""
        page = query.get("page", "0")
        return cls(
            words=tuple(query.get("words", "").lower().split()),
            service=query.get("service", ""),
            owner=query.get("owner", ""),
            state=query.get("state", ""),
            order=query.get("order", "next"),
            page=int(page) if page.isdecimal() else 0,
        )

    def wants(self, service: str, entry: Entry, now: int) -> bool:
        """Tell whether a timer is meant."""
        definition = entry.definition
        if self.service not in {"", service} or self.owner not in {"", definition.owner}:
            return False
        if self.state and entry.state(now) != self.state:
            return False
        if not self.words:
            return True
        text = f"{definition.id} {definition.owner} {in_words(definition.schedule)}".lower()
        return all(word in text for word in self.words)


def page_of(services: Mapping[str, Mapping[str, Entry]], sought: Sought, now: int) -> TimerPage:
    """Give a page of the timers of these services; the last one when there are not so many."""
    found = list(_sought(services, sought, now))
    key = _ORDERS.get(sought.order, _by_next)
    found.sort(key=lambda pair: key(pair[1], now))
    pages = max(-(-len(found) // PAGE), 1)
    page = min(sought.page, pages - 1)
    shown = found[page * PAGE : (page + 1) * PAGE]
    rows = [row_of(service, entry, now) for service, entry in shown]
    return TimerPage(rows=rows, found=len(found), page=page, pages=pages)


def row_of(service: str, entry: Entry, now: int) -> TimerRow:
    """Give the row of a timer."""
    definition = entry.definition
    every = definition.schedule if isinstance(definition.schedule, Every) else None
    return TimerRow(
        id=definition.id,
        service=service,
        owner=definition.owner,
        schedule=in_words(definition.schedule),
        state=entry.state(now),
        next=entry.next(now),
        last=entry.last(now),
        # With a jitter of its own for each firing the next one cannot be told from this one.
        period=None if every is None or definition.longest_delay else every.period,
        created=entry.created_at // 1000,
    )


def _sought(
    services: Mapping[str, Mapping[str, Entry]], sought: Sought, now: int
) -> Iterator[tuple[str, Entry]]:
    for service, entries in services.items():
        for entry in entries.values():
            if sought.wants(service, entry, now):
                yield service, entry


def _by_next(entry: Entry, now: int) -> tuple[object, ...]:
    following = entry.next(now)
    return (_NEVER if following is None else following, entry.definition.id)


def _by_id(entry: Entry, now: int) -> tuple[object, ...]:
    del now
    return (entry.definition.id,)


def _by_owner(entry: Entry, now: int) -> tuple[object, ...]:
    del now
    return (entry.definition.owner, entry.definition.id)


def _by_creation(entry: Entry, now: int) -> tuple[object, ...]:
    del now
    return (-entry.created_at, entry.definition.id)


_ORDERS: Mapping[str, Order] = {
    "next": _by_next,
    "id": _by_id,
    "owner": _by_owner,
    "created": _by_creation,
}
