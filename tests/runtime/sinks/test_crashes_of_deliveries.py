"""A process that dies at any call, and one that hangs in a real thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.errors import Permanent
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.observed_aws import Killed
from tests.runtime.sinks.world import World

PATIENCE = 30  # seconds, in which everything awaited happens; nothing takes this long


def built() -> World:
    world = World(rate=10, remember_seconds=86_400, breaker_failures=3)

    def act(record: SinkRecord) -> None:
        if record.body == "bad":
            raise Permanent("bad")

    world.author.act = act
    world.send("a", "bad", "b")
    return world


def calls_of_a_run() -> int:
    world = built()
    world.handle()
    return len(world.aws.calls)


@pytest.mark.parametrize("when", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", range(calls_of_a_run()))
def test_a_process_that_dies_at_any_call_loses_nothing(number, when):
    world = built()
    getattr(world.aws, when).add(number)
    with pytest.raises(Killed):
        world.handle()
    world.platform.advance(6 * 60_000)
    world.handle(worker=world.another())
    assert world.left() == []
    times = Counter(world.author.bodies)
    assert times.keys() == {"a", "b", "bad"}
    assert times["a"] + times["b"] <= 3  # only what was under way is done again
    assert set(world.left(world.rejected)) == {"bad"}


class Watched(Machine):
    """A machine whose watchdog acts when the test says so."""

    act: Callable[[], None]

    @contextmanager
    def watching(self, milliseconds: int, act: Callable[[], None]) -> Generator[None]:
        del milliseconds
        self.act = act
        yield


def test_a_delivery_that_hangs_in_its_thread_is_given_up_in_another():
    world, machine, sink = World(), Watched(), Sink()
    given_up, seen = threading.Event(), list[list[str]]()
    world.metrics.flush = given_up.set  # type: ignore[method-assign]

    @sink.deliver
    def deliver(record: SinkRecord) -> None:
        if record.body == "b":
            threading.Thread(target=machine.act).start()
            assert given_up.wait(PATIENCE)
            seen.append(world.left())

    world.send("a", "b", "c")
    assembly = SinkAssembly(aws=world.aws, platform=machine)
    worker = assembly.worker(world.settings, sink, world.metrics)
    assert world.handle(worker=worker) == ["c"]
    assert seen == [["b", "c"]]
    assert world.count[SinkMetric.UNAVAILABLE] == 1
