"""Draws when firings were scheduled against when they came: an SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from examples.poller.account import Account, Arrival, percentile

WIDTH, HEIGHT = 960, 840
LEFT, RIGHT = 80, 200  # of the plots' edges to the picture's
COLORS = {
    "every": "#3366cc",
    "jitter": "#e69f00",
    "hourly": "#109618",
    "daily": "#990099",
    "once": "#dc3912",
}
OTHER = "#666666"
INK, FAINT = "#222222", "#dddddd"
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # seconds between two marks
MARKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Puts seconds on a line of the picture."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """Give the place of a value."""
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    @property
    def marks(self) -> list[float]:
        """Round values, no more than fit."""
        span = self.high - self.low
        step = next((step for step in STEPS if span / step <= MARKS), STEPS[-1])
        first = -(-self.low // step) * step
        return [first + number * step for number in range(int((self.high - first) // step) + 1)]


def draw(account: Account) -> str:
    """Give the picture."""
    firsts = account.firsts
    moments = [second for _, second in account.due] or [0]
    low, high = min(moments) - 2, max([*moments, *(one.at for one in firsts)]) + 2
    across = Scale(low=low, high=high, begin=LEFT, end=WIDTH - RIGHT)
    up = Scale(low=low, high=high, begin=520, end=90)
    worst = max([1.0, *account.lateness]) * 1.1
    late = Scale(low=min([0.0, *account.lateness]), high=worst, begin=770, end=600)
    parts = [
        *_head(account),
        *_frame(across, up, "fired", clock=True),
        _line(across(low), up(low), across(high), up(high), INK, dashed=True),
        *(_dot(across(one.key[1]), up(one.at), one) for one in firsts),
        *(_cross(across(second), up(second)) for _, second in account.lost),
        *_frame(across, late, "seconds late", clock=False),
        *(_dot(across(one.key[1]), late(one.lateness), one) for one in firsts),
        *_percentiles(account, across, late),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 20, "scheduled (UTC)", "middle"),
        *_legend(account),
    ]
    return _document(parts)


def _document(parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _head(account: Account) -> Iterator[str]:
    fired, due = len(account.firsts), len(account.due)
    yield f'<text x="{LEFT}" y="30" font-size="18" fill="{INK}">Scheduled against fired</text>'
    words = f"{due:,} due, {fired:,} fired, {len(account.lost)} lost, {len(account.early)} early"
    yield _text(LEFT, 52, f"{words}, {account.duplicates} duplicates")


def _frame(across: Scale, up: Scale, title: str, *, clock: bool) -> Iterator[str]:
    for mark in across.marks:
        yield _line(across(mark), up.begin, across(mark), up.end, FAINT)
        yield _text(across(mark), up.begin + 18, _clock(mark), "middle")
    for mark in up.marks:
        yield _line(across.begin, up(mark), across.end, up(mark), FAINT)
        label = _clock(mark) if clock else f"{mark:g}"
        yield _text(across.begin - 8, up(mark) + 4, label, "end")
    yield _line(across.begin, up.begin, across.end, up.begin, INK)
    yield _line(across.begin, up.begin, across.begin, up.end, INK)
    yield _text(across.begin, up.end - 8, title)


def _percentiles(account: Account, across: Scale, late: Scale) -> Iterator[str]:
    lateness = account.lateness
    if not lateness:
        return
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value = percentile(lateness, share)
        yield _line(across.begin, late(value), across.end, late(value), INK, dashed=True)
        yield _text(across.end + 8, late(value) + 4, f"{name} {value:.2f} s")


def _legend(account: Account) -> Iterator[str]:
    for row, (kind, due, fired) in enumerate(account.by_kind()):
        y = 100 + 22 * row
        color = COLORS.get(kind, OTHER)
        yield f'<circle cx="{WIDTH - RIGHT + 20}" cy="{y}" r="5" fill="{color}"/>'
        yield _text(WIDTH - RIGHT + 32, y + 4, f"{kind}: {fired:,} of {due:,}")
    if account.lost:
        y = 100 + 22 * len(account.by_kind())
        yield _cross(WIDTH - RIGHT + 20, y)
        yield _text(WIDTH - RIGHT + 32, y + 4, "lost")


def _dot(x: float, y: float, arrival: Arrival) -> str:
    color = COLORS.get(arrival.kind, OTHER)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{color}" fill-opacity="0.45"/>'


def _cross(x: float, y: float) -> str:
    stroke = f'd="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="red" stroke-width="2"'
    return f"<path {stroke}/>"


def _line(x: float, y: float, to_x: float, to_y: float, color: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    place = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {place} stroke="{color}"{dashes}/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{INK}">{escape(text)}</text>'


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
