"""What one would build first. Each fails in an outage, and is here to show by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE
from cdk_streamer_runtime.limits.pace import Granted, Pace
from tests.runtime.sinks.simulation.lambdas import Event, Handler, Remaining, Sandbox
from tests.runtime.sinks.simulation.weather import SECOND
from tests.runtime.sinks.simulation.world import World

LONGEST_HIDDEN = 900
ROUND_TRIP = 8  # milliseconds of a call


@dataclass(slots=True)
class Shared:
    """What the workers of one world share, as if in a table."""

    paid_until: int | None = None
    open_until: int = 0
    failures: int = 0


@dataclass(kw_only=True)
class VisibilityOnly:
    """Failed messages are hidden for longer each time; the retries are the only pause."""

    name: str = "visibility only"
    reserved: int | None = None
    most_receives: int = 10
    has_controller: bool = False
    upper_bound: bool = True  # of a reservation
    breaker: bool = False  # in the function: it hands back at once while the downstream is away
    hides: bool = True
    shared: Shared = field(default_factory=Shared)

    def fresh(self) -> VisibilityOnly:
        """Give one for another world."""
        return replace(self, shared=Shared())

    def worker(self, world: World, sandbox: Sandbox) -> Handler:
        """Build the function that delivers."""

        def handle(event: Event, remaining: Remaining) -> dict[str, Any]:
            return _Round(self, world, sandbox, self.shared, remaining).deliver(event["Records"])

        return handle

    def controller(self, world: World, sandbox: Sandbox) -> Handler:
        """Refuse: these strategies have none, so nothing may wake it."""
        del world, sandbox
        raise AssertionError(f"{self.name} has no controller")


@dataclass(slots=True)
class _Round:
    """One invocation."""

    strategy: VisibilityOnly
    world: World
    sandbox: Sandbox
    shared: Shared
    remaining: Remaining

    def deliver(self, records: Sequence[Any]) -> dict[str, Any]:
        failed: list[Any] = []
        wait = self._reserve(len(records))
        if wait is None or self._is_open():
            failed = list(records)
        else:
            self.sandbox.wait(wait)
            failed = [record for record in records if not self._take(record)]
        for record in failed if self.strategy.hides else ():
            self._hide(record)
        return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in failed]}

    def _reserve(self, cost: int) -> int | None:
        """Give for how long to wait; None: there is no time for that."""
        scenario = self.world.scenario
        if scenario.rate is None:
            return 0
        self.sandbox.wait(ROUND_TRIP)
        longest = scenario.timeout // 2 if self.strategy.upper_bound else 10**9
        taken = Pace(rate=scenario.rate, burst=scenario.batch).take(
            self.shared.paid_until, self.world.scheduler.now, cost, longest
        )
        if not isinstance(taken, Granted):
            return None
        self.shared.paid_until = taken.paid_until
        return taken.wait if taken.wait < self.remaining() - 5 * SECOND else None

    def _is_open(self) -> bool:
        return self.strategy.breaker and self.world.scheduler.now < self.shared.open_until

    def _take(self, record: Any) -> bool:
        if self._is_open():
            return False
        key = record["messageAttributes"][KEY_ATTRIBUTE]["stringValue"]
        downstream = self.world.downstream
        try:
            refused = downstream.take([downstream.begin(key, None, self.sandbox)], self.sandbox)
        except Exception:  # noqa: BLE001 - as a first version has it
            self.shared.failures += 1
            if self.shared.failures >= self.world.scenario.failures:
                self.shared.open_until = self.world.scheduler.now + self.world.scenario.pause
            return False
        self.shared.failures = 0
        return not refused

    def _hide(self, record: Any) -> None:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        longest = min(LONGEST_HIDDEN, 2**attempt)
        seconds = max(1, int(self.world.scheduler.random.random() * longest))
        self.world.queue.hide(record["receiptHandle"], seconds)


NAIVE = (
    VisibilityOnly(),
    VisibilityOnly(name="queue's own timeout", hides=False),
    VisibilityOnly(name="reserved concurrency", reserved=2),
    VisibilityOnly(name="breaker without a pause", breaker=True),
)
