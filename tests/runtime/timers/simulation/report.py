"""The table of what became of all firings: a row for each protocol in each weather."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from tests.runtime.timers.simulation.run import Outcome
from tests.runtime.timers.simulation.scenarios import Weather

STEP = 10  # milliseconds, of a lateness

COLUMNS = (
    "protocol",
    "weather",
    "seeds",
    "occurrences",
    "lost",
    "lost %",
    "skipped",
    "dead",
    "early",
    "duplicates %",
    "late p50 s",
    "late p99 s",
    "calls/firing",
    "units/firing",
)


@dataclass(slots=True)
class Tally:
    """Sums over runs of one protocol in one weather; tallies can be added up."""

    seeds: int = 0
    occurrences: int = 0
    lost: int = 0
    skipped: int = 0
    dead: int = 0
    early: int = 0
    messages: int = 0
    duplicates: int = 0
    calls: int = 0
    units: int = 0
    lateness: Counter[int] = field(default_factory=Counter[int])

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Give what one run adds."""
        score = outcome.score
        return cls(
            seeds=1,
            occurrences=score.occurrences,
            lost=len(score.lost),
            skipped=score.skipped,
            dead=score.dead,
            early=len(score.early),
            messages=score.messages,
            duplicates=score.repeated,
            calls=outcome.calls,
            units=outcome.units,
            lateness=Counter(late // STEP for late in score.lateness),
        )

    def add(self, other: Tally) -> None:
        """Add another one's sums."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def repeated(self) -> float:
        """Give the share of messages that were one too many."""
        return self.duplicates / max(self.messages, 1)

    def late(self, share: float) -> float:
        """Give the seconds of lateness that so many of the firings do not exceed."""
        wanted, seen = share * self.lateness.total(), 0
        for late in sorted(self.lateness):
            seen += self.lateness[late]
            if seen >= wanted:
                return late * STEP / 1000
        return 0.0

    def cells(self) -> Iterable[str]:
        """Give what a row says of it."""
        messages = max(self.messages, 1)
        yield f"{self.seeds}"
        yield f"{self.occurrences:,}"
        yield f"{self.lost:,}"
        yield f"{100 * self.lost / max(self.occurrences, 1):.4f}"
        yield f"{self.skipped:,}"
        yield f"{self.dead:,}"
        yield f"{self.early:,}"
        yield f"{100 * self.repeated:.4f}"
        yield f"{self.late(0.5):.2f}"
        yield f"{self.late(0.99):.2f}"
        yield f"{self.calls / messages:.3f}"
        yield f"{self.units / messages:.3f}"


class Report:
    """All tallies."""

    def __init__(self, protocols: Iterable[str]) -> None:
        """Take the names of the protocols, in the order of the rows."""
        self._tallies = {
            (protocol, weather.value): Tally() for protocol in protocols for weather in Weather
        }

    def add(self, protocol: str, weather: str, tally: Tally) -> None:
        """Add what one run came to."""
        self._tallies[protocol, weather].add(tally)

    def of(self, protocol: str, weather: Weather) -> Tally:
        """Give the sums of one row."""
        return self._tallies[protocol, weather.value]

    def total(self, protocol: str) -> Tally:
        """Give the sums over all weathers."""
        total = Tally()
        for (of, _weather), tally in self._tallies.items():
            if of == protocol:
                total.add(tally)
        return total

    def __str__(self) -> str:
        rows = [list(COLUMNS)]
        rows += [
            [protocol, weather, *tally.cells()]
            for (protocol, weather), tally in self._tallies.items()
            if tally.seeds
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if index < 2 else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )
