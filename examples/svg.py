"""What the pictures of the examples are made of: SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK, FAINT = "#222222", "#dddddd"
SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # between two marks
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MARKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Puts values on a line of the picture."""

    low: float
    high: float
    begin: float
    end: float
    most: int = MARKS
    steps: Sequence[float] = SECONDS

    def __call__(self, value: float) -> float:
        """Give the place of a value."""
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    @property
    def marks(self) -> list[float]:
        """Round values, no more than fit."""
        span = self.high - self.low
        step = next((step for step in self.steps if span / step <= self.most), self.steps[-1])
        first = -(-self.low // step) * step
        return [first + number * step for number in range(int((self.high - first) // step) + 1)]


def document(width: int, height: int, parts: Sequence[str]) -> str:
    """Give the picture that these parts make."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def line(x: float, y: float, to_x: float, to_y: float, color: str, *, dashed: bool = False) -> str:
    """Draw a straight line."""
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    place = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {place} stroke="{color}"{dashes}/>'


def text(
    x: float, y: float, words: str, anchor: str = "start", color: str = INK, *, size: int = 13
) -> str:
    """Write words; `anchor` is which end of them is at that place: start, middle, end."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    sized = "" if size == 13 else f' font-size="{size}"'  # noqa: PLR2004 - the document's own
    return f'<text {place}{sized} fill="{color}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, color: str, *, opacity: float = 1) -> str:
    """Fill a rectangle."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{color}" fill-opacity="{opacity:g}"/>'


def path(points: Sequence[tuple[float, float]], color: str, *, width: float = 2) -> str:
    """Connect points, in their order."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width:g}" '
        'stroke-linejoin="round"/>'
    )


def area(points: Sequence[tuple[float, float]], bottom: float, color: str) -> str:
    """Fill what is below points that go from left to right."""
    (first, _), (last, _) = points[0], points[-1]
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in [(first, bottom), *points, (last, bottom)])
    return f'<polygon points="{places}" fill="{color}" fill-opacity="0.25"/>'
