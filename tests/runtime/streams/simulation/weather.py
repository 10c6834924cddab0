"""What may go wrong with a stream processor, how often, and for how long at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from tests.runtime.simulation.faults import Faults as CallFaults

SECOND = 1_000
MINUTE = 60 * SECOND


class Weather(StrEnum):
    """How much goes wrong."""

    CALM = "calm"
    SLOW = "slow"  # nothing fails, but there is never time for all
    MILD = "mild"
    OUTAGE = "outage"
    HARD = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults(CallFaults):
    """Probabilities: those of a call, and those of what sources do by themselves."""

    entry_refused: float = 0.0  # of an entry of a bulk call, which would be taken a moment later
    redelivered: float = 0.0  # a batch that is done comes once more, maybe beside the next
    least: int = 1  # milliseconds of a step of a call
    most: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a service refuses everything."""

    service: str
    start: int
    end: int

    def covers(self, service: str, now: int) -> bool:
        """Tell whether the service is out."""
        return service == self.service and self.start <= now < self.end


FAULTS = {
    Weather.CALM: Faults(),
    Weather.SLOW: Faults(least=100, most=900),
    Weather.MILD: Faults(
        request_lost=0.01,
        response_lost=0.01,
        throttled=0.05,
        entry_refused=0.05,
        redelivered=0.05,
        crash=0.001,
        slow=0.005,
    ),
    Weather.OUTAGE: Faults(throttled=0.02, entry_refused=0.02, redelivered=0.02),
    Weather.HARD: Faults(
        request_lost=0.05,
        response_lost=0.05,
        lands_late=0.04,
        throttled=0.15,
        entry_refused=0.2,
        redelivered=0.2,
        crash=0.01,
        freeze=0.005,
        slow=0.02,
    ),
}
SERVICES = ("dynamodb", "events", "sqs", "kinesis")


def outages(random: random.Random, weather: Weather, start: int) -> tuple[Outage, ...]:
    """Draw a long outage of a service, or of two."""
    if weather is not Weather.OUTAGE:
        return ()
    drawn: list[Outage] = []
    for service in random.sample(SERVICES, random.choice((1, 2))):
        begins = start + random.randint(0, 20 * SECOND)
        drawn.append(
            Outage(service=service, start=begins, end=begins + random.randint(1, 6) * MINUTE)
        )
    return tuple(drawn)
