"""Dispatchers that stand still or die in the middle of their work: nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime

from tests.end_to_end import running
from tests.end_to_end.timers.service import Service, now, text_of

DISPATCHER = "Held/Dispatcher"
TIMERS, SECONDS = 40, 60
LEASE = 25.0 * running.PATIENCE


def made(held: Service) -> Iterator[tuple[str, set[int]]]:
    """Make timers that fire each second for a while; gives each with the firings that it owes."""
    end = now() + SECONDS
    body = {"schedule": {"every": 1}, "end": text_of(end), "misfire": "fire_all"}
    for first in range(0, TIMERS, 20):
        ids = [f"crash-{number}" for number in range(first, first + 20)]
        entries = [{"id": id, "put": body} for id in ids]
        answer = held.ask("POST", "/periodic:batch", {"entries": entries})
        assert answer.status == 200, answer.document
        for result in answer.document["results"]:
            begin = datetime.fromisoformat(result["timer"]["created_at"]).timestamp()
            yield result["id"], set(range(int(begin) + 1, end))


def begun(held: Service, others: frozenset[int]) -> frozenset[int]:
    """Wake dispatchers until one has begun to send that is none of these; gives those."""
    before = held.waiting("FanOut/Queue") + held.count
    end = time.monotonic() + 4 * LEASE
    while time.monotonic() < end:
        held.tick()
        time.sleep(1)
        if held.waiting("FanOut/Queue") + held.count > before:
            return held.stack.workers(DISPATCHER) - others
    raise TimeoutError("no dispatcher took over")


def test_dispatchers_that_freeze_and_die_lose_nothing(held):
    owed = dict(made(held))
    stack = held.stack

    held.enable_dispatcher()
    stack.wait_for(lambda: held.waiting("FanOut/Queue") + held.count > 100)
    frozen = stack.pause_worker(DISPATCHER)
    for pid in begun(held, frozen):
        os.kill(pid, signal.SIGKILL)
    stack.resume_worker(DISPATCHER)
    held.tick()

    def lacking() -> set[str]:
        return {
            f"{id}/{moment}"
            for id, moments in owed.items()
            for moment in moments - {each.fire_at for each in held.fired(id)}
        }

    stack.wait_for(lambda: not lacking(), timeout=4 * LEASE)
    assert all(each.at >= each.fire_at for id in owed for each in held.fired(id))
