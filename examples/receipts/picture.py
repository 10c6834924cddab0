"""Draws both runs side by side: what came, what was stored, who was connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeVar

from examples.receipts.database.server import CONNECTIONS
from examples.receipts.record import Record, Sample
from examples.svg import COUNTS, FAINT, INK, Scale, area, box, document, line, path, text

WIDTH, HEIGHT = 960, 710
ARRIVED, STORED, REFUSED = "#e69f00", "#3366cc", "#dc3912"
CONNECTED, STOPPED = "#109618", "#dc3912"
CIRCUIT = {"closed": "#cfe8cf", "half_open": "#ffd966", "open": "#f4a6a0"}
SOFT = "#666666"
WHOLE, PACE, CROWD, BREAKER = (100, 300), (350, 470), (520, 610), (640, 660)  # from top to bottom
ROOM = 1.12  # above the largest value


Value = TypeVar("Value", int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A run, and where on the picture it is."""

    record: Record
    across: Scale
    receipts: int
    rate: float | None  # the limit

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.across.begin

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.across.end

    def x(self, moment: float) -> float:
        """Give the place of a moment."""
        return self.across(moment - self.record.began)


def draw(direct: Record, through: Record, *, receipts: int, rate: float) -> str:
    """Give the picture of a run without the sink and of one through it."""
    first = Column(record=direct, across=_time(direct, 60, 290, 3), receipts=receipts, rate=None)
    second = Column(
        record=through, across=_time(through, 350, 832, 8), receipts=receipts, rate=rate
    )
    parts = [
        text(60, 34, f"{receipts} receipts for a database of {CONNECTIONS} connections", size=20),
        *_head(first, "without the sink", _outcome(first)),
        *_head(second, "through the sink", _outcome(second)),
        *_outage(second),
        *_whole(first),
        *_whole(second),
        *_pace(first),
        *_pace(second),
        *_crowd(first),
        *_crowd(second),
        *_breaker(second),
        *_legend(),
    ]
    return document(WIDTH, HEIGHT, parts)


def _time(record: Record, begin: float, end: float, most: int) -> Scale:
    return Scale(low=0, high=max(record.seconds, 1), begin=begin, end=end, most=most)


def _outcome(column: Column) -> str:
    record = column.record
    stored = f"{len(record.rows)} of {column.receipts} stored"
    connections = "connection" if record.refusals == 1 else "connections"
    return f"{stored}, {record.refusals} {connections} refused"


def _head(column: Column, title: str, words: str) -> Iterator[str]:
    yield text(column.left, 62, title, size=15)
    yield text(column.left, 80, words, color=SOFT)


def _outage(column: Column) -> Iterator[str]:
    outage = column.record.outage
    if outage is None:
        return
    begin, end = column.x(outage.begin), column.x(outage.end)
    yield box(begin, WHOLE[0], end - begin, BREAKER[1] - WHOLE[0], STOPPED, opacity=0.08)
    words = f"database stopped for {outage.end - outage.begin:.0f} s"
    yield text((begin + end) / 2, WHOLE[0] + 16, words, "middle", STOPPED)


def _whole(column: Column) -> Iterator[str]:
    up = _upwards(WHOLE, column.receipts)
    yield from _frame(column, up, "receipts")
    yield line(
        column.left, up(column.receipts), column.right, up(column.receipts), INK, dashed=True
    )
    if column.rate:
        yield path(list(_growth(column, up, column.record.arrivals)), ARRIVED)
    yield path(list(_growth(column, up, column.record.deliveries)), STORED)


def _pace(column: Column) -> Iterator[str]:
    record = column.record
    stored = _by_second(column, record.deliveries)
    refused: Counter[int] = Counter()
    for before, after in pairwise(record.samples):
        refused[int(after.at - record.began)] += after.refusals - before.refusals
    tallest = max([*((stored + refused).values()), column.rate or 0, 1])
    up = _upwards(PACE, tallest)
    yield from _frame(column, up, "a second")
    wide = max(column.x(record.began + 1) - column.left - 0.5, 0.5)
    for counts, below, color in ((stored, Counter[int](), STORED), (refused, stored, REFUSED)):
        for second, count in sorted(counts.items()):
            if count:
                top, bottom = up(below[second] + count), up(below[second])
                yield box(column.x(record.began + second), top, wide, bottom - top, color)
    if column.rate:
        yield line(column.left, up(column.rate), column.right, up(column.rate), INK, dashed=True)
        yield text(column.right + 6, up(column.rate) + 4, f"limit {column.rate:g} a second")


def _crowd(column: Column) -> Iterator[str]:
    up = _upwards(CROWD, CONNECTIONS)
    yield from _frame(column, up, "connections")
    points = [
        (column.x(moment), up(connections))
        for begin, end, connections in _spans(column, lambda sample: sample.connections)
        for moment in (begin, end)
    ]
    if points:
        yield area(points, up.begin, CONNECTED)
        yield path(points, CONNECTED, width=1.5)
    yield line(column.left, up(CONNECTIONS), column.right, up(CONNECTIONS), INK, dashed=True)
    if column.rate:
        yield text(column.right + 6, up(CONNECTIONS) + 4, f"{CONNECTIONS} at most")


def _breaker(column: Column) -> Iterator[str]:
    top, bottom = BREAKER
    for begin, end, state in _spans(column, lambda sample: sample.circuit):
        wide = column.x(end) - column.x(begin)
        yield box(column.x(begin), top, wide, bottom - top, CIRCUIT.get(state, FAINT))
    yield text(column.right + 6, bottom - 5, "circuit")


def _legend() -> Iterator[str]:
    x, y = 350.0, float(HEIGHT - 18)
    entries = [
        (ARRIVED, "sent"),
        (STORED, "stored"),
        (REFUSED, "refused"),
        (CONNECTED, "connected"),
        (CIRCUIT["closed"], "circuit closed"),
        (CIRCUIT["half_open"], "tried"),
        (CIRCUIT["open"], "open"),
    ]
    for color, words in entries:
        yield box(x, y - 10, 12, 12, color)
        yield text(x + 17, y, words)
        x += 32 + 6.6 * len(words)


def _upwards(place: tuple[float, float], highest: float) -> Scale:
    return Scale(low=0, high=highest * ROOM, begin=place[1], end=place[0], most=6, steps=COUNTS)


def _frame(column: Column, up: Scale, title: str) -> Iterator[str]:
    for mark in column.across.marks:
        yield line(column.across(mark), up.begin, column.across(mark), up.end, FAINT)
        yield text(column.across(mark), up.begin + 17, _minutes(mark), "middle", SOFT, size=12)
    for mark in up.marks:
        yield line(column.left, up(mark), column.right, up(mark), FAINT)
        yield text(column.left - 7, up(mark) + 4, f"{mark:g}", "end", SOFT, size=12)
    yield line(column.left, up.begin, column.right, up.begin, INK)
    yield line(column.left, up.begin, column.left, up.end, INK)
    yield text(column.left + 4, up.end - 5, title, color=SOFT, size=12)


def _growth(column: Column, up: Scale, moments: Sequence[float]) -> Iterator[tuple[float, float]]:
    yield column.left, up(0)
    for number, moment in enumerate(moments):
        yield column.x(moment), up(number)
        yield column.x(moment), up(number + 1)
    yield column.right, up(len(moments))


def _spans(column: Column, look: Callable[[Sample], Value]) -> Iterator[tuple[float, float, Value]]:
    """Give from when to when the samples have the same value."""
    for value, samples in groupby(column.record.samples, look):
        same = list(samples)
        after = next((one.at for one in column.record.samples if one.at > same[-1].at), None)
        yield same[0].at, after or column.record.ended, value


def _by_second(column: Column, moments: Sequence[float]) -> Counter[int]:
    return Counter(int(moment - column.record.began) for moment in moments)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
