"""The circuit of a sink as its workers meet it: nothing is written while all is well."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.errors import AccessDenied, Throttled
from cdk_streamer_runtime.sinks.circuit import sink_circuit
from tests.runtime.observed_aws import answer_lost, refused_by, request_lost
from tests.runtime.sinks.control_world import CONTROL, MINUTE, SECOND, ControlWorld

OPEN_FOR = 10 * MINUTE + 30 * SECOND
THROTTLED = refused_by(Throttled("ThrottlingException", "", 400, "any"))


@pytest.fixture
def world():
    return ControlWorld()


def told(world):
    return [json.loads(body)["command"] for body in world.memory.messages(CONTROL)]


def test_a_downstream_that_is_well_costs_one_read_a_second(world):
    circuit = world.circuit()
    for _ in range(25):
        assert circuit.closed_off(world.now) is None
        circuit.succeeded()
        world.platform.advance(100)
    assert world.aws.calls == ["GetItem"] * 3


def test_too_many_failures_open_it_and_the_controller_is_woken_once(world):
    circuit = world.circuit()
    answers = [circuit.failed(world.now) for _ in range(4)]
    # Polling ends up to a minute late: who gets a message back sooner has it received in vain.
    assert answers == [None, None, world.now + MINUTE, world.now + MINUTE]
    assert (world.state, told(world)) == ("open", ["opened"])
    assert world.metrics.counts == {SinkMetric.CIRCUIT_OPENED: 1}


def test_a_long_pause_is_told_as_long_as_it_is():
    world = ControlWorld(breaker_pause_seconds=120)
    assert world.open() == world.now + 2 * MINUTE
    assert world.circuit().closed_off(world.now) == world.now + 2 * MINUTE


def test_failures_that_are_few_among_many_deliveries_do_not_open_it(world):
    circuit = world.circuit()
    for _ in range(10):
        circuit.succeeded()
        circuit.succeeded()
        assert circuit.failed(world.now) is None
    assert (world.state, world.standing.circuit.calls) == ("closed", 28)  # since the first failure


def test_what_was_delivered_before_the_first_failure_outweighs_none(world):
    one, two = world.circuit(), world.circuit()
    for circuit in (one, two):
        for _ in range(300):
            circuit.closed_off(world.now)
            circuit.succeeded()
            world.platform.advance(500)
    assert one.failed(world.now) is None
    assert two.failed(world.now) is None
    assert two.failed(world.now) == world.now + MINUTE


def test_many_failures_in_a_row_open_it_whatever_had_succeeded_before(world):
    one, two = world.circuit(), world.circuit()
    one.failed(world.now)  # once, a while ago
    for _ in range(300):
        for circuit in (one, two):
            circuit.closed_off(world.now)
            circuit.succeeded()
        world.platform.advance(100)
    answers = [circuit.failed(world.now) for _ in range(3) for circuit in (one, two)]
    assert answers[:3] == [None] * 3
    assert answers[3] is not None


def test_what_others_delivered_since_the_first_failure_does_count(world):
    one, two = world.circuit(), world.circuit()
    one.failed(world.now)
    for _ in range(20):
        two.closed_off(world.now)
        two.succeeded()
        world.platform.advance(SECOND)
    two.failed(world.now)
    assert one.failed(world.now) is None
    assert (world.state, world.standing.circuit.calls) == ("closed", 23)


def test_failures_of_an_earlier_window_do_not_count_once_something_was_delivered(world):
    circuit = world.circuit()
    for _ in range(10):
        assert circuit.failed(world.now) is None
        circuit.succeeded()
        world.platform.advance(61 * SECOND)


def test_failures_in_a_row_count_however_far_apart_they_are(world):
    # A lone message comes again later and later: its window is always over.
    circuit = world.circuit()
    assert circuit.failed(world.now) is None
    world.platform.advance(5 * MINUTE)
    assert circuit.failed(world.now) is None
    world.platform.advance(10 * MINUTE)
    assert world.circuit().failed(world.now)
    assert world.state == "open"


def test_another_process_hears_of_it_within_a_second(world):
    other = world.circuit()
    assert other.closed_off(world.now) is None
    world.open()
    assert other.closed_off(world.now + 999) is None
    assert other.closed_off(world.now + 1_000) is not None


def test_others_wake_the_controller_once_each_until_it_has_seen_to_the_opening(world):
    world.open()
    others = [world.circuit() for _ in range(3)]
    for _ in range(3):
        for other in others:
            assert other.closed_off(world.now)
        world.platform.advance(SECOND)
    assert told(world) == ["opened"] * 4
    world.wake()
    assert world.circuit().closed_off(world.now)
    assert told(world) == ["probe"]


def test_who_could_not_wake_the_controller_tries_again(world):
    world.aws.on("SendMessage", request_lost, request_lost)
    circuit = world.circuit()
    for _ in range(3):
        circuit.failed(world.now)
    assert circuit.closed_off(world.now)
    assert told(world) == []
    assert circuit.closed_off(world.now)
    assert told(world) == ["opened"]


def test_the_controller_is_woken_when_the_answer_to_the_opening_got_lost(world):
    circuit = world.circuit()
    circuit.failed(world.now)
    circuit.failed(world.now)
    world.aws.on("PutItem", answer_lost)
    assert circuit.failed(world.now) is None
    world.platform.advance(SECOND)
    assert circuit.closed_off(world.now)
    assert told(world) == ["opened"]


def test_messages_that_still_come_long_after_the_opening_wake_it_too(world):
    world.open()
    world.wake()
    world.platform.advance(2 * MINUTE)
    world.process.handle({"command": "pause"}, 0)  # so that no trial is overdue
    circuit = world.circuit()
    assert circuit.closed_off(world.now)
    assert told(world).count("opened") == 0
    world.platform.advance(2 * SECOND)
    assert circuit.closed_off(world.now)
    assert circuit.closed_off(world.now)
    assert told(world).count("opened") == 1


def test_a_controller_that_is_overdue_is_woken(world):
    until = world.open()
    world.wake()
    circuit = world.circuit()
    assert circuit.closed_off(until + MINUTE - 1)
    assert told(world) == ["probe"]
    assert circuit.closed_off(until + MINUTE + SECOND)
    assert told(world) == ["probe", "opened"]


def test_messages_stay_away_for_longer_the_longer_nobody_pauses_polling(world):
    world.open()
    begin, circuit = world.now, world.circuit()
    moments = [begin]
    while moments[-1] < begin + 9 * MINUTE:
        moments.append(circuit.closed_off(moments[-1]))
    assert [(moment - begin) // MINUTE for moment in moments] == [0, 1, 2, 4, 8, 16]


def test_without_any_controller_one_worker_makes_the_trial_itself(world):
    now = world.open() + 10 * MINUTE
    first, second = world.circuit(), world.circuit()
    assert (first.closed_off(now), second.closed_off(now)) == (None, now + OPEN_FOR)
    assert (first.closed_off(now), world.state) == (None, "half_open")
    first.succeeded()
    assert (world.state, world.standing.circuit.openings) == ("closed", 1)
    assert second.closed_off(now + SECOND) is None
    assert world.metrics.counts[SinkMetric.PROBES] == 1


def test_a_trial_of_a_worker_that_fails_opens_it_for_longer(world):
    now = world.open() + 10 * MINUTE
    circuit = world.circuit()
    assert circuit.closed_off(now) is None
    assert circuit.failed(now) == now + OPEN_FOR
    assert (world.state, world.standing.circuit.openings) == ("open", 2)
    circuit.succeeded()  # of another delivery, which was begun before
    assert world.state == "open"


def test_of_workers_that_begin_at_the_same_moment_one_makes_the_trial(world):
    now = world.open() + 10 * MINUTE
    circuits = [world.circuit() for _ in range(5)]
    for circuit in circuits:
        circuit.closed_off(now - SECOND)
    assert [circuit.closed_off(now - 1) is None for circuit in circuits] == [False] * 5
    assert [circuit.closed_off(now) is None for circuit in circuits].count(True) == 1


def test_a_worker_that_dies_in_its_trial_is_followed_by_another(world):
    now = world.open() + 10 * MINUTE
    assert world.circuit().closed_off(now) is None
    later = now + 90 * SECOND + 10 * MINUTE
    assert world.circuit().closed_off(later - 1) is not None
    assert world.circuit().closed_off(later) is None


def test_a_sink_that_an_operator_holds_is_tried_by_nobody(world):
    now = world.open() + 60 * MINUTE
    world.command("pause")
    assert world.circuit().closed_off(now) == now + 5 * MINUTE


def test_when_the_table_gives_no_answer_it_goes_on_with_what_it_knew(world):
    circuit = world.circuit()
    world.aws.on("GetItem", request_lost)
    assert circuit.closed_off(world.now) is None
    world.open()
    assert circuit.closed_off(world.now + SECOND)
    world.aws.on("GetItem", request_lost)
    assert circuit.closed_off(world.now + 2 * SECOND)


@pytest.mark.parametrize(
    "disturbance",
    [request_lost, THROTTLED, refused_by(AccessDenied("AccessDenied", "", 400, "any"))],
)
def test_a_failure_that_cannot_be_noted_is_no_failure_of_the_worker(world, disturbance, caplog):
    circuit = world.circuit()
    world.aws.on("PutItem", disturbance)
    assert circuit.failed(world.now) is None
    assert "circuit not written" in caplog.messages
    circuit.failed(world.now)
    assert world.standing.circuit.failures == world.standing.circuit.calls == 1


def test_failures_of_twenty_processes_at_the_same_time_all_count():
    world = ControlWorld(breaker_failures=21)
    circuits = [world.circuit() for _ in range(20)]
    for circuit in circuits:
        circuit.closed_off(world.now)
    for circuit in circuits:
        # What each of them knows is of before all others have failed.
        assert circuit.failed(world.now) is None
    assert world.standing.circuit.failures == 20


def test_what_fails_after_the_opening_changes_nothing(world):
    late = world.circuit()
    late.closed_off(world.now)
    world.open()
    version = world.standing.version
    assert late.failed(world.now)
    late.succeeded()
    assert late.failed(world.now)
    assert world.standing.version == version


def test_nothing_is_delivered_while_somebody_makes_a_trial(world):
    until = world.open()
    world.wake()
    world.platform.now = until
    seen: list[int | None] = []
    world.send("a")
    world.sink.verdict = lambda _: seen.append(world.circuit().closed_off(world.now)) or "failed"
    world.wake()
    assert seen == [until + 90 * SECOND]


def test_while_an_operator_holds_it_nothing_is_delivered(world):
    world.command("pause")
    assert world.circuit().closed_off(world.now) == world.now + 5 * MINUTE
    world.command("resume")
    assert world.circuit().closed_off(world.now) is None


def test_two_threads_may_use_it_at_the_same_time():
    world = ControlWorld(breaker_failures=1_000)
    circuit = world.circuit()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: circuit.failed(world.now), range(40)))
    assert (world.standing.circuit.failures, world.standing.circuit.calls) == (40, 40)


def test_without_a_circuit_breaker_there_is_nothing_to_ask(world):
    settings = replace(world.settings, breaker_failures=None)
    assert sink_circuit(world.aws, settings, world.metrics) is None


def test_without_a_queue_of_the_controller_nobody_is_woken(world):
    settings = replace(world.settings, controller_queue_url=None)
    circuit = sink_circuit(world.aws, settings, world.metrics)
    assert circuit is not None
    for _ in range(3):
        circuit.failed(world.now)
    assert (world.state, told(world)) == ("open", [])
