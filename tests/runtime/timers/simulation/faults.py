"""What may go wrong with timers, how often, and for how long at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from tests.runtime.simulation.faults import Faults as CallFaults

MINUTE = 60_000


class Service(StrEnum):
    """What may be out as a whole."""

    TABLE = "dynamodb"
    QUEUES = "sqs"
    SCHEDULE = "schedule"
    FUNCTIONS = "functions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults(CallFaults):
    """Probabilities: those of a call, and those of what the services do by themselves."""

    tick_lost: float = 0.0
    tick_twice: float = 0.0
    tick_late: float = 0.0  # up to three minutes
    lag: int = 0  # milliseconds that reads may be behind which do not ask for consistency


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a service does nothing. Both ends are milliseconds since the epoch."""

    service: Service
    start: int
    end: int

    def covers(self, service: str, now: int) -> bool:
        """Tell whether the service is out."""
        return service == self.service and self.start <= now < self.end


CALM = Faults(lag=200)
MILD = Faults(
    request_lost=0.001,
    response_lost=0.001,
    lands_late=0.0005,
    throttled=0.002,
    crash=0.0005,
    freeze=0.0001,
    slow=0.001,
    duplicate=0.001,
    partly_sent=0.002,
    tick_lost=0.005,
    tick_twice=0.01,
    tick_late=0.01,
    lag=1_000,
    skew=0.1,
)
HARD = Faults(
    request_lost=0.02,
    response_lost=0.02,
    lands_late=0.01,
    throttled=0.03,
    crash=0.005,
    freeze=0.003,
    slow=0.01,
    duplicate=0.01,
    partly_sent=0.03,
    crash_in_handler=0.01,
    tick_lost=0.15,
    tick_twice=0.15,
    tick_late=0.15,
    lag=5_000,
    skew=0.5,
)


def outages(random: random.Random, start: int, minutes: int) -> tuple[Outage, ...]:
    """Draw one long outage, at times of two services that overlap."""
    services = random.sample([*Service], random.choice((1, 1, 2)))
    drawn: list[Outage] = []
    for service in services:
        begins = start + random.randint(3, 10) * MINUTE + random.randint(0, MINUTE)
        drawn.append(
            Outage(service=service, start=begins, end=begins + random.randint(15, 20) * MINUTE)
        )
    assert minutes > 30
    return tuple(drawn)
