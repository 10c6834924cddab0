"""What happens in one seed: how many shards, which timers, what goes wrong and for how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from tests.runtime.timers.simulation.faults import CALM, HARD, MILD, MINUTE, Faults, Outage, outages
from tests.runtime.timers.simulation.population import NIGHTS, Kind, Night


class Weather(StrEnum):
    """How much goes wrong."""

    CALM = "calm"
    MILD = "mild"
    OUTAGE = "outage"
    HARD = "hard"


WEATHERS = (Weather.CALM, Weather.MILD, Weather.OUTAGE, Weather.HARD, Weather.HARD)
KINDS = (Kind.MIXED,) * 5 + (Kind.CROWD,) * 4 + (Kind.PAGES,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One seed's world. `minutes` are those with faults, `quiet` those without after them."""

    seed: int
    weather: Weather
    kind: Kind
    night: Night
    faults: Faults
    outages: tuple[Outage, ...]
    minutes: int
    quiet: int
    shards: int
    look_ahead: int
    classes: int
    strict: bool
    dedupe: bool
    vandal: bool  # who writes rows by hand, which no dispatcher can read

    @property
    def is_calm(self) -> bool:
        """Tell whether nothing goes wrong at all."""
        return self.weather is Weather.CALM

    @property
    def start(self) -> int:
        """The first moment, in milliseconds."""
        return self.night.start * 1000

    @property
    def faulty_until(self) -> int:
        """When the faults end, in milliseconds."""
        return self.start + self.minutes * MINUTE

    @property
    def end(self) -> int:
        """When the run ends, in milliseconds."""
        return self.faulty_until + self.quiet * MINUTE

    @property
    def judged_until(self) -> int:
        """The second up to which firings are owed: what comes later may still be on its way."""
        return self.end // 1000 - (60 if self.is_calm else 240)


def scenario(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    random_ = random.Random(f"scenario {seed}")
    weather = WEATHERS[seed % len(WEATHERS)]
    night = random_.choice(NIGHTS)
    kind = random_.choice(KINDS)
    look_ahead = random_.choice((60, 180, 180, 180, 180 if kind is Kind.CROWD else 600))
    minutes = 34 if weather is Weather.OUTAGE else random_.randint(16, 26)
    return Scenario(
        seed=seed,
        weather=weather,
        kind=kind,
        night=night,
        faults=_faults(weather, random_),
        outages=_outages(weather, random_, night.start * 1000, minutes),
        minutes=minutes,
        quiet=3 if weather is Weather.CALM else 12,
        # A page has a megabyte, so all that is large has to lie in one shard.
        shards=1 if kind is Kind.PAGES else random_.choice((1, 1, 2, 4)),
        look_ahead=look_ahead,
        classes=random_.choice((2, 4, 8, 256)),
        strict=random_.random() < 0.25,
        # Two writes a firing: where there are many, they would take most of the time.
        dedupe=random_.random() < (0.03 if kind is Kind.CROWD else 0.4),
        vandal=weather is not Weather.CALM and random_.random() < 0.2,
    )


def _faults(weather: Weather, random: random.Random) -> Faults:
    match weather:
        case Weather.CALM:
            return CALM
        case Weather.MILD | Weather.OUTAGE:
            return MILD
        case Weather.HARD:
            return HARD.scaled(random)  # pyright: ignore[reportReturnType] - of its own kind


def _outages(
    weather: Weather, random: random.Random, start: int, minutes: int
) -> tuple[Outage, ...]:
    return outages(random, start, minutes) if weather is Weather.OUTAGE else ()
