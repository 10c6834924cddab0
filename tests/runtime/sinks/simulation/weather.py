"""What may go wrong around a sink, how often, and for how long at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from tests.runtime.simulation.faults import Faults as CallFaults

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


class Weather(StrEnum):
    """How much goes wrong, and where."""

    CALM = "calm"
    LATE = "late"  # as calm, but a pause takes effect late; for measurements
    MILD = "mild"  # calls fail now and then; the downstream is well
    OUTAGE = "outage"  # the downstream is away for ten minutes or an hour, and all else is well
    FLAPPING = "flapping"  # it comes and goes
    WEAK = "weak"  # it is there for one, and falls over when it is asked more
    HANGING = "hanging"  # it takes calls and never answers
    HARD = "hard"  # everything at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults(CallFaults):
    """Probabilities: those of a call, and those of what the services do by themselves."""

    stall: float = 0.0  # a process stands still, for less than its function has
    late_pause: int = 2 * SECOND  # how long pollers go on after the mapping was disabled, at most
    lag: int = 0  # by so much the counts of a queue may be behind
    busy_mapping: float = 0.0  # an update of the mapping is refused, for another is under way
    tick_lost: float = 0.0  # of the schedule
    tick_twice: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which an AWS service refuses everything."""

    service: str
    start: int
    end: int

    def covers(self, service: str, now: int) -> bool:
        """Tell whether the service is out."""
        return service == self.service and self.start <= now < self.end


LATE = 60 * SECOND
CALM = Faults()
LIGHT = Faults(
    request_lost=0.001,
    response_lost=0.001,
    lands_late=0.0005,
    throttled=0.002,
    crash=0.0003,
    stall=0.0005,
    slow=0.001,
    duplicate=0.005,
    partly_sent=0.005,
    late_pause=LATE,
    lag=5 * SECOND,
    busy_mapping=0.1,
    tick_lost=0.05,
    tick_twice=0.1,
)
HEAVY = Faults(
    request_lost=0.02,
    response_lost=0.02,
    lands_late=0.01,
    throttled=0.03,
    crash=0.004,
    stall=0.005,
    slow=0.01,
    duplicate=0.02,
    partly_sent=0.05,
    crash_in_handler=0.003,
    late_pause=LATE,
    lag=30 * SECOND,
    busy_mapping=0.3,
    tick_lost=0.2,
    tick_twice=0.2,
)
FAULTS = {
    Weather.CALM: CALM,
    Weather.LATE: Faults(late_pause=LATE),
    Weather.MILD: LIGHT,
    Weather.OUTAGE: LIGHT,
    Weather.FLAPPING: LIGHT,
    Weather.WEAK: LIGHT,
    Weather.HANGING: LIGHT,
    Weather.HARD: HEAVY,
}
REJECTED = "rejected"  # the queue of rejected messages alone: a policy, or a key
SERVICES = ("dynamodb", "sqs", "lambda", REJECTED)


def outages(random: random.Random, weather: Weather, start: int) -> tuple[Outage, ...]:
    """Draw an outage of one of AWS's services in hard weather, else of one queue at most."""
    if weather in {Weather.CALM, Weather.LATE} or random.random() < 0.5:
        return ()
    service = random.choice(SERVICES) if weather is Weather.HARD else REJECTED
    begins = start + random.choice((0, random.randint(0, 10 * MINUTE)))
    length = random.randint(20 * SECOND, 5 * MINUTE)
    return (Outage(service=service, start=begins, end=begins + length),)
