"""Draws when firings were scheduled against when they came: an SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from examples.poller.account import Account, Arrival, percentile
from examples.svg import FAINT, INK, Scale, document, line, text

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
        line(across(low), up(low), across(high), up(high), INK, dashed=True),
        *(_dot(across(one.key[1]), up(one.at), one) for one in firsts),
        *(_cross(across(second), up(second)) for _, second in account.lost),
        *_frame(across, late, "seconds late", clock=False),
        *(_dot(across(one.key[1]), late(one.lateness), one) for one in firsts),
        *_percentiles(account, across, late),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 20, "scheduled (UTC)", "middle"),
        *_legend(account),
    ]
    return document(WIDTH, HEIGHT, parts)


def _head(account: Account) -> Iterator[str]:
    fired, due = len(account.firsts), len(account.due)
    yield f'<text x="{LEFT}" y="30" font-size="18" fill="{INK}">Scheduled against fired</text>'
    words = f"{due:,} due, {fired:,} fired, {len(account.lost)} lost, {len(account.early)} early"
    yield text(LEFT, 52, f"{words}, {account.duplicates} duplicates")


def _frame(across: Scale, up: Scale, title: str, *, clock: bool) -> Iterator[str]:
    for mark in across.marks:
        yield line(across(mark), up.begin, across(mark), up.end, FAINT)
        yield text(across(mark), up.begin + 18, _clock(mark), "middle")
    for mark in up.marks:
        yield line(across.begin, up(mark), across.end, up(mark), FAINT)
        label = _clock(mark) if clock else f"{mark:g}"
        yield text(across.begin - 8, up(mark) + 4, label, "end")
    yield line(across.begin, up.begin, across.end, up.begin, INK)
    yield line(across.begin, up.begin, across.begin, up.end, INK)
    yield text(across.begin, up.end - 8, title)


def _percentiles(account: Account, across: Scale, late: Scale) -> Iterator[str]:
    lateness = account.lateness
    if not lateness:
        return
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value = percentile(lateness, share)
        yield line(across.begin, late(value), across.end, late(value), INK, dashed=True)
        yield text(across.end + 8, late(value) + 4, f"{name} {value:.2f} s")


def _legend(account: Account) -> Iterator[str]:
    for row, (kind, due, fired) in enumerate(account.by_kind()):
        y = 100 + 22 * row
        color = COLORS.get(kind, OTHER)
        yield f'<circle cx="{WIDTH - RIGHT + 20}" cy="{y}" r="5" fill="{color}"/>'
        yield text(WIDTH - RIGHT + 32, y + 4, f"{kind}: {fired:,} of {due:,}")
    if account.lost:
        y = 100 + 22 * len(account.by_kind())
        yield _cross(WIDTH - RIGHT + 20, y)
        yield text(WIDTH - RIGHT + 32, y + 4, "lost")


def _dot(x: float, y: float, arrival: Arrival) -> str:
    color = COLORS.get(arrival.kind, OTHER)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{color}" fill-opacity="0.45"/>'


def _cross(x: float, y: float) -> str:
    stroke = f'd="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="red" stroke-width="2"'
    return f"<path {stroke}/>"


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
