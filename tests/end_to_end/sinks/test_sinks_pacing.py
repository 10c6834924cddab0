"""How much comes at once, and how fast: never more than was said, however many work."""

from __future__ import annotations

import threading
import time
from contextlib import closing

from cdk_streamer_local.access import local
from cdk_streamer_local.record import running
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.limits.pace import Granted, Pace
from cdk_streamer_runtime.limits.reservations import Reservations
from tests.end_to_end.sinks.downstream import until

RATE, BATCH, WORKERS = 10, 5, 4  # of the sink in the app
MANY, TAKES = 20, 60
PACE = Pace(rate=200, burst=10)


def test_all_functions_together_keep_the_rate_and_no_more_of_them_work_than_were_allowed(
    sinks, downstream, place
):
    sinks.send("Paced", place, *range(40))

    until(lambda: len(set(downstream.numbers(place))) == 40)
    begun = sorted(each.at for each in downstream.at(place))
    # What is begun late can only be late: the last ones have had to wait for all before them.
    assert begun[-1] - begun[0] > (40 - BATCH) / RATE - 1
    assert downstream.busiest[place] <= WORKERS
    sinks.wait_until_empty("Paced")


def test_twenty_workers_are_granted_no_more_than_the_rate_and_a_burst_in_any_second(sinks):
    record, _ = running(sinks.folder)
    left = iter(range(TAKES))
    moments: list[int] = []

    def work() -> None:
        with closing(local(record.services)) as aws:
            taking = Reservations(Table(aws, sinks.stack.physical_id("Paced/Table")))
            while next(left, None) is not None:
                now = time.time_ns() // 1_000_000
                decision = taking.take("twenty-workers", PACE, now, cost=PACE.burst, max_wait=1_000)
                is_granted = isinstance(decision, Granted)
                pause = decision.wait if is_granted else decision.retry_after
                moments.extend([now + pause] if is_granted else [])
                time.sleep(pause / 1000)

    workers = [threading.Thread(target=work) for _ in range(MANY)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()

    assert len(moments) > MANY
    in_a_second = [sum(begin <= each < begin + 1_000 for each in moments) for begin in moments]
    assert max(in_a_second) * PACE.burst <= PACE.rate + PACE.burst
