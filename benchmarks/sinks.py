"""What a sink is worth: outages, a rate that workers share, and a peak that is above it.

python -m benchmarks.sinks

Everything happens under a virtual clock, so each run prints the same numbers. Ours is the real
runtime; the others are the strategies that one would build first, in the same simulated SQS,
Lambda and table (tests/runtime/sinks/simulation).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from cdk_streamer_runtime.contract.sinks import SinkRow
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.limits.pace import Granted, Pace
from cdk_streamer_runtime.limits.reservations import Reservations, item_key
from cdk_streamer_runtime.memory import MemoryAws, TableSchema
from tests.runtime.simulation.faults import Faults, FaultyAws
from tests.runtime.simulation.scheduler import START, Group, Scheduler
from tests.runtime.sinks.simulation.outages import outage, peak
from tests.runtime.sinks.simulation.run import played
from tests.runtime.sinks.simulation.strategies.naive import NAIVE, VisibilityOnly
from tests.runtime.sinks.simulation.strategies.ours import Ours
from tests.runtime.sinks.simulation.weather import HOUR, MINUTE, SECOND
from tests.runtime.sinks.simulation.world import Strategy, World

WORKERS = (1, 2, 5, 20, 50)
RATE = 200.0
MEASURED = 10 * SECOND
LONGEST_WAIT = 5 * SECOND


def main() -> int:
    """Print the tables."""
    print_outages()
    print_peak()
    print_reservations()
    return 0


# --- outages -----------------------------------------------------------------------------------


def strategies() -> Iterator[Strategy]:
    """Give each in the state that it begins in."""
    for strategy in NAIVE:
        yield strategy.fresh()
    yield Ours()


def print_outages() -> None:
    """Print what becomes of 600 healthy messages while the downstream is away."""
    print(
        "600 healthy messages, one a second; the downstream is away (dead letters / calls to it)\n"
    )
    print(f"{'strategy':<26} {'10 minutes':>16} {'1 hour':>16} {'receives a message':>20}")
    for number, strategy in enumerate(strategies()):
        cells: list[str] = []
        receives = ""
        for length in (10 * MINUTE, HOUR):
            fresh = [*strategies()][number]
            world, _ = played(outage(length), Scheduler(1), fresh)
            calls = sum(each.error is not None for each in world.downstream.deliveries)
            cells.append(f"{len(world.history.dead)} / {calls}")
            receives = f"{_receives(world):.1f}"
        print(f"{strategy.name:<26} {cells[0]:>16} {cells[1]:>16} {receives:>20}")
    print()


def _receives(world: World) -> float:
    all_of_them = [len(times) for times in world.history.receives.values()]
    return sum(all_of_them) / max(len(all_of_them), 1)


# --- a peak ------------------------------------------------------------------------------------


def print_peak() -> None:
    """Print what becomes of 3,000 messages at once where two a second are delivered.

    Twenty workers are more than the construct allows at that rate: a batch of the last one would
    have to wait for longer than its function runs.
    """
    print("3,000 messages at once, a rate of 2 a second, nothing fails\n")
    print(f"{'strategy':<34} {'dead letters':>14} {'delivered':>12} {'a second':>10}")
    for strategy, workers in (
        (VisibilityOnly(name="reserved concurrency", reserved=2), 20),
        (VisibilityOnly(name="no upper bound", upper_bound=False), 20),
        (VisibilityOnly(name="upper bound"), 20),
        (Ours(), 20),
        (Ours(), 2),
    ):
        world, _ = played(peak(3_000, 2.0, workers=workers), Scheduler(1), strategy)
        began = sorted(each.began for each in world.downstream.deliveries)
        held = len(began) / max((began[-1] - began[0]) / SECOND, 1)
        print(
            f"{f'{strategy.name}, {workers} workers':<34} {len(world.history.dead):>14} "
            f"{len(world.downstream.stored):>12} {held:>10.2f}"
        )
    print()


# --- reservations ------------------------------------------------------------------------------


class Link(FaultyAws):
    """A connection to the table on which every call takes 2 to 16 milliseconds, and is counted."""

    def __init__(self, memory: MemoryAws, scheduler: Scheduler) -> None:
        super().__init__(memory, scheduler, Faults(), Group("worker"), self._count)
        self.calls = 0

    def _count(self, _service: str, _operation: str) -> None:
        self.calls += 1

    def call(self, service: str, operation: str, parameters: object) -> dict[str, object]:  # type: ignore[override]
        """Count also what is refused."""
        try:
            return super().call(service, operation, parameters)  # type: ignore[arg-type]
        except ConditionFailed:
            self.calls += 1
            raise


def by_reservation(table: Table, pace: Pace, clock: Callable[[], int]) -> Callable[[], int | None]:
    """Take units as a sink does: one conditional write that reads nothing first."""
    reservations = Reservations(table)

    def take() -> int | None:
        taken = reservations.take(SinkRow.PACE, pace, clock(), max_wait=LONGEST_WAIT)
        return taken.wait if isinstance(taken, Granted) else None

    return take


def by_reading(table: Table, pace: Pace, clock: Callable[[], int]) -> Callable[[], int | None]:
    """Take units by reading the bucket, and writing it if nobody else has."""
    key = item_key(SinkRow.PACE)

    def take() -> int | None:
        while True:
            found = (table.get(key) or {}).get("tat")
            taken = pace.take(found, clock(), 1, LONGEST_WAIT)
            if not isinstance(taken, Granted):
                return None
            condition = "attribute_not_exists(tat)" if found is None else "tat = :found"
            values = {":tat": taken.paid_until, **({":found": found} if found else {})}
            try:
                table.update(key, "SET tat = :tat", condition=condition, values=values)
            except ConditionFailed:
                continue
            return taken.wait

    return take


def measured(
    workers: int, method: Callable[[Table, Pace, Callable[[], int]], Callable[[], int | None]]
) -> tuple[float, float]:
    """Give the calls for each unit that was granted, and how many were used a second."""
    scheduler = Scheduler(1)
    schema = TableSchema(name="sinks", partition_key="pk", sort_key="sk")
    memory = MemoryAws(clock=scheduler.clock, tables=[schema])
    pace, used, links = Pace(rate=RATE, burst=10), list[int](), list[Link]()

    def work(take: Callable[[], int | None]) -> None:
        while True:
            wait = take()
            scheduler.sleep(1_000 if wait is None else wait)
            if wait is not None:
                used.append(scheduler.now)

    for _ in range(workers):
        link = Link(memory, scheduler)
        links.append(link)
        take = method(Table(link, "sinks"), pace, scheduler.clock)
        scheduler.spawn(Group("worker"), lambda take=take: work(take))
    scheduler.run(START + MEASURED)
    scheduler.stop()
    calls = sum(link.calls for link in links)
    return calls / max(len(used), 1), len(used) / (MEASURED / SECOND)


def print_reservations() -> None:
    """Print what it costs that workers share a rate."""
    print(f"a rate of {RATE:.0f} a second that workers share, one unit each time\n")
    print(f"{'workers':>8} {'calls a unit':>14} {'a second':>10}   {'read, then write':>16}")
    for workers in WORKERS:
        calls, held = measured(workers, by_reservation)
        naive, _ = measured(workers, by_reading)
        print(f"{workers:>8} {calls:>14.2f} {held:>10.1f}   {naive:>16.1f}")


if __name__ == "__main__":
    sys.exit(main())
