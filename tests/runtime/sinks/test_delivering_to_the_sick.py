"""A downstream that is down: who is told, what is not tried, what hangs, and what is a probe."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract.sinks import PROBE_MEMBER, SinkMetric
from cdk_streamer_runtime.errors import DownstreamUnavailable, Permanent, Retryable
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.circuit import sink_circuit
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.sinks.world import World

MINUTE = 60_000


@pytest.fixture
def world():
    return World(breaker_failures=3, breaker_pause_seconds=120)


def raising(error: Exception, *bodies: str):
    def act(record: SinkRecord) -> None:
        if not bodies or record.body in bodies:
            raise error

    return act


@pytest.mark.parametrize(
    "error", [DownstreamUnavailable("down"), ConnectionRefusedError(), TimeoutError()]
)
def test_too_many_of_them_open_the_circuit_and_spare_the_rest(world, error):
    world.send(*"abcdef")
    world.author.act = raising(error)
    assert world.handle() == [*"abcdef"]
    assert world.author.bodies == [*"abc"]
    assert world.count[SinkMetric.UNAVAILABLE] == 3
    assert world.count[SinkMetric.HANDED_BACK] == 3
    assert [command["command"] for command in world.commands()] == ["opened"]


def test_what_is_spared_is_hidden_until_the_circuit_is_tried(world):
    world.send(*"abcdef")
    world.author.act = raising(DownstreamUnavailable("down"))
    world.handle()
    assert world.hidden() >= 120


def test_another_process_spares_it_too(world):
    world.send(*"abcdef")
    world.author.act = raising(DownstreamUnavailable("down"))
    world.handle()
    world.send("g")
    assert world.handle(worker=world.another()) == ["g"]
    assert world.author.bodies == [*"abc"]


@pytest.mark.parametrize("error", [RuntimeError("no luck"), Retryable("busy"), Permanent("no")])
def test_what_is_a_messages_own_fault_opens_nothing(world, error):
    world.send(*"abcdef")
    world.author.act = raising(error)
    world.handle()
    assert world.author.bodies == [*"abcdef"]
    assert world.count[SinkMetric.UNAVAILABLE] == 0


def test_the_author_says_what_else_means_that_it_is_down(world):
    class OperationalError(Exception):
        pass

    world.sink = Sink(unavailable=[OperationalError])
    world.sink.deliver(world.author.one)
    world.send(*"abcdef")
    world.author.act = raising(OperationalError("too many connections"))
    world.handle(worker=world.another())
    assert world.author.bodies == [*"abc"]


def test_a_call_that_names_some_as_down_counts_once():
    world = World(breaker_failures=3, together=True)
    world.send(*"abcdef")
    world.sink = Sink()
    world.sink.deliver_batch(
        lambda records: {record.id: DownstreamUnavailable("down") for record in records}
    )
    world.handle(worker=world.another())
    assert world.commands() == []
    assert world.count[SinkMetric.UNAVAILABLE] == 6


def test_what_waits_for_its_turn_sees_that_the_circuit_has_opened():
    world = World(breaker_failures=3, rate=0.2)
    world.send("a", "b")
    another_process = sink_circuit(world.memory, world.settings, world.metrics)
    assert another_process is not None

    def act(_record: SinkRecord) -> None:
        for _ in range(3):
            another_process.failed(world.platform.now)

    world.author.act = act
    assert world.handle() == ["b"]
    assert world.author.bodies == ["a"]


# --- deliveries that hang ---


def hanging(world, *bodies):
    """Take longer than the function has; what comes after the end is only for the test."""

    def act(record: SinkRecord) -> None:
        if record.body in bodies:
            world.platform.advance(59_000)

    return act


def test_a_delivery_that_hangs_is_given_up_before_its_function_is_killed(world):
    world.send("a", "b", "c")
    seen = []

    def look(record: SinkRecord) -> None:
        if record.body == "b":
            world.platform.advance(59_000)
            seen.append((world.left(), world.hidden(), world.metrics.flushes))
            world.platform.advance(10_000)

    world.author.act = look
    world.handle()
    (left, hidden, flushes), *_ = seen
    assert left == ["b", "c"]  # what was done before is not done again
    assert 0 < hidden < 30
    assert flushes == 1
    assert world.count[SinkMetric.UNAVAILABLE] == 1


def test_a_delivery_that_hangs_counts_against_the_downstream(world):
    world.author.act = hanging(world, *"abc")
    for body in "abc":
        world.send(body)
        world.handle([record for record in world.receive() if record["body"] == body])
    assert [command["command"] for command in world.commands()] == ["opened"]


def test_a_delivery_that_ends_after_it_was_given_up_is_done(world):
    world.send("a", "b")
    world.author.act = hanging(world, "a")
    assert world.handle() == ["b"]
    assert world.left() == ["b"]
    assert world.count[SinkMetric.DELIVERED] == 1


def test_a_failure_after_it_was_given_up_is_not_counted_twice(world):
    world.send("a")

    def act(record: SinkRecord) -> None:
        world.platform.advance(59_000)
        raise DownstreamUnavailable("down")

    world.author.act = act
    assert world.handle() == ["a"]
    assert world.count[SinkMetric.UNAVAILABLE] == 1


def test_nothing_is_given_up_that_ends_in_time(world):
    world.send("a")
    world.author.act = lambda _record: world.platform.advance(57_000)
    assert world.handle() == []
    assert world.metrics.flushes == 0


# --- probes ---


def probe(world, records, **told):
    answer = world.worker.handle({"Records": records, PROBE_MEMBER: {"trial": "1", **told}}, MINUTE)
    return answer[PROBE_MEMBER], [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.fixture
def sick(world):
    """Give a world whose circuit is open, and a message that may be tried."""
    world.send(*"abc")
    world.author.act = raising(DownstreamUnavailable("down"))
    world.handle()
    world.author.given.clear()
    world.send("probe")
    world.aws.calls.clear()
    return world


def test_a_probe_is_delivered_though_the_circuit_is_open(sick):
    (record,) = sick.receive()
    sick.author.act = lambda _record: None
    assert probe(sick, [record]) == ("passed", [])
    assert sick.author.bodies == ["probe"]
    assert sick.aws.calls == []


def test_a_probe_that_finds_it_down_has_failed(sick):
    (record,) = sick.receive()
    assert probe(sick, [record]) == ("failed", [record["messageId"]])
    assert sick.aws.calls == []


def test_a_probe_that_fails_by_its_own_fault_tells_nothing(sick):
    (record,) = sick.receive()
    sick.author.act = raising(RuntimeError("no luck"))
    assert probe(sick, [record]) == ("unknown", [record["messageId"]])


def test_a_probe_that_can_never_be_delivered_is_rejected_and_tells_nothing(sick):
    (record,) = sick.receive()
    sick.author.act = raising(Permanent("no such account"))
    assert probe(sick, [record]) == ("unknown", [])
    assert sick.left(sick.rejected) == ["probe"]


def test_a_probe_that_comes_too_late_is_not_begun(sick):
    (record,) = sick.receive()
    late = sick.platform.now - 1
    assert probe(sick, [record], before=late) == ("unknown", [record["messageId"]])
    assert sick.author.bodies == []


def test_a_probe_without_a_message_tells_nothing(sick):
    assert probe(sick, []) == ("unknown", [])


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [(lambda: None, "passed"), (lambda: True, "passed"), (lambda: False, "failed")],
)
def test_the_authors_own_probe_is_asked_instead(sick, asked, verdict):
    sick.sink.probe(asked)
    sick.worker = sick.another()
    assert probe(sick, []) == (verdict, [])


def test_the_authors_own_probe_spares_the_message(sick):
    sick.sink.probe(lambda: None)
    sick.worker = sick.another()
    (record,) = sick.receive()
    assert probe(sick, [record]) == ("passed", [record["messageId"]])
    assert sick.author.bodies == []


def test_the_authors_own_probe_fails_by_any_error(sick):
    async def ask() -> None:
        raise KeyError("no idea")

    sick.sink.probe(ask)
    sick.worker = sick.another()
    assert probe(sick, []) == ("failed", [])
