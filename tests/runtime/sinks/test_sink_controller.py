"""The controller of a sink: polling is paused, one message at a time is tried, polling goes on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.errors import AwsError, Throttled
from tests.runtime.observed_aws import after, answer_lost, refused_by, request_lost
from tests.runtime.sinks.control_world import (
    CONTROL,
    HOUR,
    INVOCATION,
    MINUTE,
    SECOND,
    ControlWorld,
)

LONGEST = 10 * MINUTE


@pytest.fixture
def world():
    return ControlWorld()


@pytest.fixture
def opened(world):
    """Three messages wait, and the circuit has opened this moment."""
    world.send("a", "b", "c")
    world.open()
    return world


def failing(world):
    world.sink.verdict = lambda _body: "failed"


def leave_out_breaker(world):
    world.settings = replace(world.settings, breaker_failures=None)
    world.process = world.controller()


def receives(world):
    """Tell how often each message was received, when all can be received again."""
    counted = Counter[str]()
    for message in world.receive():
        counted[message["Body"]] = int(message["Attributes"]["ApproximateReceiveCount"]) - 1
    return counted


# --- pausing ----------------------------------------------------------------------------------


def test_an_opening_pauses_polling_at_once(opened):
    opened.wake()
    assert (opened.mapping, opened.standing.paused) == ("Disabled", True)
    assert opened.metrics.counts[SinkMetric.CIRCUIT_OPEN] == 1


def test_many_who_tell_of_the_same_opening_make_one_change(opened):
    for _ in range(5):
        assert opened.circuit().closed_off(opened.now)
    opened.wake()
    opened.wake()
    assert opened.aws.counts["PUT"] == 1
    assert len(opened.memory.messages(CONTROL)) == 1  # that for the trial


@pytest.mark.parametrize("state", ["Enabling", "Updating", "Creating"])
def test_a_mapping_that_is_being_changed_is_turned_as_soon_as_it_can_be(opened, state):
    opened.mapping = state
    opened.wake()
    assert opened.standing.paused is False
    opened.mapping = "Enabled"
    opened.run(15 * SECOND, schedule=False)
    assert (opened.mapping, opened.standing.paused) == ("Disabled", True)


def test_a_mapping_that_is_about_to_stop_is_left_alone(opened):
    opened.mapping = "Disabling"
    opened.wake()
    assert (opened.aws.counts["PUT"], opened.standing.paused) == (0, True)


def test_a_deployment_that_turns_polling_on_is_undone_by_the_next_look(opened):
    opened.wake()
    opened.mapping = "Enabled"
    opened.command("reconcile")
    assert opened.mapping == "Disabled"


def test_a_deployment_that_turns_polling_on_is_undone_by_the_next_trial_that_fails(opened):
    failing(opened)
    opened.wake()
    opened.mapping = "Enabled"
    opened.run(31 * SECOND, schedule=False)
    assert (opened.state, opened.mapping) == ("open", "Disabled")


def test_a_deployment_that_turns_polling_off_is_undone_too(world):
    world.mapping = "Disabled"
    world.command("reconcile")
    assert world.mapping == "Enabled"


def test_while_all_is_well_a_look_changes_nothing(world):
    assert world.command("reconcile")["circuit"]["state"] == "closed"
    assert world.aws.counts["PUT"] == world.aws.counts["PutItem"] == 0
    assert world.metrics.counts == {SinkMetric.CIRCUIT_OPEN: 0}


def test_a_circuit_that_opens_while_polling_is_turned_on_ends_with_polling_off(opened):
    opened.run(30 * SECOND - 1, schedule=False)
    # The trial passes; others fail as soon as the circuit is closed, before the mapping is on.
    opened.aws.on("PUT", after(opened.open))
    opened.run(SECOND, schedule=False)
    assert (opened.state, opened.mapping) == ("open", "Disabled")
    assert opened.aws.counts["PUT"] == 3


def test_what_changes_while_polling_is_turned_is_seen_to_at_once(world):
    world.mapping = "Disabled"
    other = world.controller()
    world.aws.on("PUT", after(lambda: other.handle({"command": "pause"}, INVOCATION)))
    world.command("reconcile")
    assert (world.standing.held, world.mapping) == (True, "Disabled")


# --- trials -----------------------------------------------------------------------------------


def test_a_trial_is_made_when_the_pause_is_over_and_not_before(opened):
    opened.run(30 * SECOND - 1, schedule=False)
    assert opened.sink.tried == []
    opened.run(1, schedule=False)
    assert opened.sink.tried == ["a"]


def test_a_trial_that_passes_closes_the_circuit_and_turns_polling_on(opened):
    opened.run(31 * SECOND, schedule=False)
    assert (opened.state, opened.mapping, opened.left()) == ("closed", "Enabled", ["b", "c"])
    assert opened.metrics.counts[SinkMetric.PROBES] == 1
    assert opened.held() == []


def test_a_trial_that_fails_opens_it_for_twice_as_long(opened):
    failing(opened)
    for pause in (30, 60, 120, 240, 480, 600, 600):
        before = len(opened.sink.tried)
        opened.run(pause * SECOND - 1, schedule=False)
        assert len(opened.sink.tried) == before
        opened.run(1, schedule=False)
        assert len(opened.sink.tried) == before + 1
    assert opened.standing.circuit.openings == 8


def test_a_pause_that_is_longer_than_a_message_can_be_delayed_is_waited_for_in_steps():
    world = ControlWorld(breaker_pause_seconds=3_000, breaker_longest_pause_seconds=3_000)
    world.send("a")
    world.open()
    world.run(3_000 * SECOND - 1, schedule=False)
    assert world.sink.tried == []
    world.run(1, schedule=False)
    assert world.sink.tried == ["a"]


def test_a_function_that_fails_altogether_is_a_trial_that_failed(opened):
    opened.sink.verdict = lambda _body: "crash"
    opened.run(31 * SECOND, schedule=False)
    assert (opened.state, opened.standing.circuit.openings) == ("open", 2)


def test_an_authors_own_probe_needs_no_message(opened):
    opened.sink.own = "failed"
    opened.run(31 * SECOND, schedule=False)
    assert (opened.state, opened.standing.circuit.openings) == ("open", 2)
    opened.sink.own = "passed"
    opened.run(61 * SECOND, schedule=False)
    assert (opened.state, opened.sink.tried) == ("closed", [])
    assert receives(opened) == {"a": 0, "b": 0, "c": 0}


def test_who_fails_soon_after_it_was_closed_is_left_alone_for_longer(opened):
    opened.run(31 * SECOND, schedule=False)
    until = opened.open()
    assert until - opened.now == MINUTE


def test_who_was_well_for_long_has_a_short_pause_again(opened):
    opened.run(31 * SECOND + LONGEST, schedule=False)
    until = opened.open()
    assert until - opened.now == 30 * SECOND


# --- one at a time ----------------------------------------------------------------------------


def test_of_two_controllers_one_makes_the_trial(opened):
    failing(opened)
    opened.wake()
    opened.platform.advance(30 * SECOND)
    other = opened.controller()
    opened.aws.on("PutItem", after(lambda: opened.wake(other)))
    opened.command("reconcile")
    assert (opened.sink.tried, opened.standing.circuit.openings) == (["a"], 2)


def test_while_a_trial_is_made_nobody_else_makes_one(opened):
    failing(opened)
    opened.wake()
    opened.platform.advance(30 * SECOND)
    other = opened.controller()
    opened.aws.on("POST", after(lambda: other.handle({"command": "reconcile"}, INVOCATION)))
    opened.wake()
    assert opened.sink.tried == ["a"]


def test_a_trial_whose_end_nobody_hears_of_is_made_again_when_it_must_be_over(opened):
    opened.aws.on("POST", answer_lost, answer_lost)
    opened.run(30 * SECOND, schedule=False)
    assert (opened.state, opened.sink.tried) == ("half_open", [])
    opened.run(90 * SECOND - 1, schedule=False)
    assert opened.sink.tried == []
    opened.run(2 * SECOND, schedule=False)
    assert opened.state == "half_open"  # this time the sink has tried it, and its answer got lost
    opened.run(92 * SECOND, schedule=False)
    assert (opened.state, opened.sink.tried) == ("closed", ["a"])


def test_what_a_trial_says_too_late_counts_no_more(opened):
    other = opened.controller()

    def frozen(body):
        opened.sink.verdict = lambda _body: "failed"
        opened.platform.advance(91 * SECOND)
        other.handle({"command": "reconcile"}, INVOCATION)
        return "passed"

    opened.sink.verdict = frozen
    opened.wake()
    opened.platform.advance(30 * SECOND)
    opened.wake()
    assert opened.sink.delivered == ["a"]
    assert opened.left() == ["b", "c"]  # it was delivered, whatever became of the trial
    assert (opened.state, opened.mapping, opened.standing.circuit.openings) == (
        "open",
        "Disabled",
        2,
    )


def test_a_function_that_is_throttled_was_not_tried(opened):
    throttled = Throttled("TooManyRequestsException", "", 429, "Invoke")
    opened.aws.on("POST", refused_by(throttled))
    opened.run(31 * SECOND, schedule=False)
    assert (opened.state, opened.standing.circuit.openings) == ("open", 1)
    opened.run(30 * SECOND, schedule=False)
    assert opened.state == "closed"


def test_a_function_that_is_being_deployed_was_not_tried(opened):
    pending = AwsError("ResourceConflictException", "", 409, "Invoke")
    opened.aws.on("POST", refused_by(pending))
    opened.run(62 * SECOND, schedule=False)
    assert (opened.state, opened.sink.tried) == ("closed", ["a"])


def test_without_time_for_a_whole_trial_none_is_begun(opened):
    opened.wake()
    opened.platform.advance(30 * SECOND)
    opened.process.handle({"command": "reconcile"}, 89_999)
    assert (opened.sink.tried, opened.state) == ([], "open")


# --- which message ----------------------------------------------------------------------------


def test_an_outage_of_an_hour_costs_few_messages_one_receive(world):
    world.send(*(f"m{n}" for n in range(30)))
    failing(world)
    world.open()
    world.run(HOUR, schedule=False)
    assert len(world.sink.tried) == 9
    world.sink.verdict = lambda _body: "passed"
    world.run(LONGEST, schedule=False)
    assert (world.state, world.mapping, world.held()) == ("closed", "Enabled", [])
    counted = Counter[int]()
    while found := world.receive():
        counted.update(int(each["Attributes"]["ApproximateReceiveCount"]) for each in found)
    assert counted == {1: 20, 2: 9}  # this receive is counted too


def test_a_lone_message_is_not_dead_lettered_by_an_outage_of_three_days(world):
    world.send("a")
    failing(world)
    world.open()
    world.run(72 * HOUR)
    assert len(world.sink.tried) > 400
    assert world.left() == ["a"]
    assert world.memory.messages(world.dead) == []
    world.sink.verdict = lambda _body: "passed"
    world.run(LONGEST)
    assert (world.sink.delivered, world.left(), world.state) == (["a"], [], "closed")


def test_messages_take_turns_so_that_one_alone_cannot_keep_it_open(opened):
    opened.sink.verdict = lambda body: "failed" if body == "a" else "passed"
    opened.run(91 * SECOND, schedule=False)
    assert (opened.sink.tried, opened.state) == (["a", "b"], "closed")
    assert opened.left() == ["a", "c"]
    assert receives(opened) == {"a": 1, "c": 0}


def test_no_more_than_ten_are_held_and_then_they_take_turns():
    world = ControlWorld(breaker_longest_pause_seconds=60)
    world.send(*(f"m{n:02}" for n in range(12)))
    failing(world)
    world.open()
    world.run(30 * MINUTE, schedule=False)
    tried = world.sink.tried
    assert tried[:10] == [f"m{n:02}" for n in range(10)]
    assert tried[10:20] == tried[:10]
    # An hour after they came others have a chance.
    world.run(45 * MINUTE, schedule=False)
    assert {"m10", "m11"} <= {*world.sink.tried}


def test_a_message_that_fails_for_its_own_reason_says_nothing_and_the_next_is_tried(opened):
    opened.sink.verdict = lambda body: "poison" if body == "a" else "passed"
    opened.run(33 * SECOND, schedule=False)
    assert (opened.sink.tried, opened.state) == (["a", "b"], "closed")
    assert opened.left() == ["a", "c"]


def test_a_message_that_was_delivered_before_is_deleted_and_the_next_is_tried(opened):
    opened.sink.verdict = lambda body: "repeated" if body == "a" else "passed"
    opened.run(33 * SECOND, schedule=False)
    assert (opened.sink.tried, opened.left(), opened.state) == (["a", "b"], ["c"], "closed")


def test_messages_that_say_nothing_close_it_in_the_end(world):
    world.send(*(f"m{n}" for n in range(9)))
    world.sink.verdict = lambda _body: "poison"
    world.open()
    world.run(40 * SECOND, schedule=False)
    assert (len(world.sink.tried), world.state, world.mapping) == (5, "closed", "Enabled")


def test_without_any_message_it_is_closed_and_the_next_pause_is_longer(world):
    world.open()
    world.run(31 * SECOND, schedule=False)
    assert (world.state, world.mapping) == ("closed", "Enabled")
    assert world.open() - world.now == MINUTE


def test_messages_that_nobody_can_receive_yet_are_waited_for(world):
    world.send("a")
    world.receive(visibility=100)
    world.open()
    world.run(91 * SECOND, schedule=False)
    assert (world.state, world.standing.circuit.openings) == ("open", 1)
    world.run(30 * SECOND, schedule=False)
    assert (world.state, world.sink.delivered) == ("closed", ["a"])


def test_a_held_message_that_somebody_else_has_received_is_his(opened):
    failing(opened)
    opened.run(31 * SECOND, schedule=False)
    # It is visible at once, as if the controller had been late, and a stale consumer gets it.
    opened.memory.call(
        "sqs",
        "ChangeMessageVisibility",
        {
            "QueueUrl": opened.url(opened.messages),
            "ReceiptHandle": _receipt(opened),
            "VisibilityTimeout": 0,
        },
    )
    assert len(opened.receive()) == 3
    opened.run(61 * SECOND, schedule=False)
    assert (opened.sink.tried, opened.held(), opened.state) == (["a"], [], "open")


def _receipt(world):
    (item,) = [item for item in world.memory.items("sink") if "receipt" in item]
    return item["receipt"]["S"]


def test_large_messages_are_held_in_pieces(world):
    import random

    text = random.Random(1).randbytes(500_000).hex()  # which does not compress below a half
    world.send(json.dumps(text))
    failing(world)
    world.open()
    world.run(31 * SECOND, schedule=False)
    assert len(world.held()) == 3
    world.run(HOUR, schedule=False)
    assert set(world.sink.tried) == {json.dumps(text)}
    assert len(world.sink.tried) > 5
    world.sink.verdict = lambda _body: "passed"
    world.run(LONGEST, schedule=False)
    assert (len(world.sink.delivered), world.held(), world.left()) == (1, [], [])


def test_a_message_whose_pieces_are_gone_is_received_again(opened):
    failing(opened)
    opened.run(31 * SECOND, schedule=False)
    (piece,) = [key for key in opened.held() if "#" in key]
    key = {"pk": {"S": "probe"}, "sk": {"S": piece}}
    opened.memory.call("dynamodb", "DeleteItem", {"TableName": "sink", "Key": key})
    opened.receive(10, visibility=43_200)  # so that there is nothing else to be tried
    opened.run(300 * SECOND, schedule=False)
    assert set(opened.sink.tried) == {"a"}
    assert len(opened.sink.tried) > 1


def test_of_a_fifo_queue_the_first_of_a_group_is_tried_and_the_order_holds():
    world = ControlWorld(fifo=True)
    world.send("a1", "a2", group="a")
    failing(world)
    world.open()
    world.run(31 * SECOND, schedule=False)
    assert world.sink.tried == ["a1"]
    world.sink.verdict = lambda _body: "passed"
    world.run(HOUR, schedule=False)
    assert (world.state, world.sink.delivered[0]) == ("closed", world.sink.tried[1])


# --- operators --------------------------------------------------------------------------------


def test_an_operators_pause_stops_polling_until_it_is_resumed(world):
    told = world.command("pause")
    assert (told["circuit"]["held"], told["mapping"]["state"]) == (True, "Disabled")
    world.run(HOUR)
    assert world.mapping == "Disabled"
    told = world.command("resume")
    assert (told["circuit"]["held"], told["mapping"]["state"]) == (False, "Enabled")


def test_while_an_operator_holds_it_no_trial_is_made(opened):
    opened.command("pause")
    opened.run(HOUR)
    assert (opened.sink.tried, opened.state, opened.mapping) == ([], "open", "Disabled")


def test_resumed_while_it_is_open_it_is_tried_at_once(opened):
    failing(opened)
    opened.run(10 * MINUTE, schedule=False)
    opened.command("pause")
    opened.sink.verdict = lambda _body: "passed"
    assert opened.command("resume")["mapping"]["state"] == "Disabled"
    opened.run(2 * SECOND, schedule=False)
    assert (opened.state, opened.mapping) == ("closed", "Enabled")


def test_a_pause_in_the_middle_of_a_trial_outlives_it(opened):
    other = opened.controller()
    opened.aws.on("POST", after(lambda: other.handle({"command": "pause"}, INVOCATION)))
    opened.run(HOUR)
    assert (opened.state, opened.standing.held, opened.mapping) == ("closed", True, "Disabled")


def test_pausing_twice_is_pausing_once(world):
    world.command("pause")
    world.command("pause")
    assert world.command("resume")["mapping"]["state"] == "Enabled"


def test_an_operator_may_pause_a_sink_without_a_circuit_breaker():
    world = ControlWorld(breaker_failures=None)
    assert world.command("pause")["mapping"]["state"] == "Disabled"
    assert world.command("resume")["mapping"]["state"] == "Enabled"


def test_an_open_circuit_does_not_outlive_its_breaker(opened):
    failing(opened)
    opened.run(MINUTE)
    assert opened.mapping == "Disabled"
    leave_out_breaker(opened)
    opened.command("reconcile")
    assert (opened.mapping, opened.standing.is_closed) == ("Enabled", True)
    assert sorted(message["Body"] for message in opened.receive()) == ["a", "b", "c"]


def test_an_operators_pause_outlives_the_breaker(opened):
    opened.command("pause")
    leave_out_breaker(opened)
    opened.command("reconcile")
    assert opened.mapping == "Disabled"
    opened.command("resume")
    assert opened.mapping == "Enabled"


def test_a_status_tells_how_the_sink_stands(opened):
    failing(opened)
    opened.run(31 * SECOND, schedule=False)
    assert opened.command("status") == {
        "circuit": {
            "state": "open",
            "held": False,
            "paused": True,
            "openings": 2,
            "openedAt": opened.now - 31 * SECOND,
            "until": opened.standing.circuit.until,
            "failures": 0,
            "calls": 0,
        },
        "mapping": {"state": "Disabled"},
        "queue": {"visible": 2, "inFlight": 1, "delayed": 0},
        "deadLetters": {"visible": 0, "inFlight": 0, "delayed": 0},
        "probes": 1,
        "redrives": [],
    }


@pytest.mark.parametrize("event", [{}, {"command": "stop"}, {"command": None}])
def test_a_command_that_is_none_is_answered_with_those_there_are(world, event):
    answer = world.process.handle(event, INVOCATION)
    assert answer["error"].startswith("command must be one of reconcile, opened, probe, status")


# --- redrive ----------------------------------------------------------------------------------


def dead_letters(world, count):
    for n in range(count):
        parameters = {"QueueUrl": world.url(world.dead), "MessageBody": f"dead {n}"}
        world.memory.call("sqs", "SendMessage", parameters)


def test_dead_letters_are_moved_back_at_the_pace_of_the_construct(world):
    dead_letters(world, 25)
    assert world.command("redrive") == {"started": True, "perSecond": 10, "waiting": 25}
    world.platform.advance(2 * SECOND)
    (task,) = world.command("status")["redrives"]
    assert (task["status"], task["moved"], task["toMove"]) == ("RUNNING", 20, 25)
    world.platform.advance(SECOND)
    assert world.command("status")["redrives"][0]["status"] == "COMPLETED"
    assert len(world.left()) == 25


def test_an_operator_may_say_the_pace(world):
    dead_letters(world, 5)
    assert world.command("redrive", perSecond=500)["perSecond"] == 500


@pytest.mark.parametrize("pace", [0, 501, 1.5, "10", True])
def test_a_pace_that_cannot_be_is_refused(world, pace):
    dead_letters(world, 5)
    expected = f"perSecond must be a whole number from 1 to 500, got {pace!r}"
    assert world.command("redrive", perSecond=pace) == {"error": expected}


def test_nothing_is_moved_while_the_circuit_is_not_closed(opened):
    dead_letters(opened, 5)
    answer = opened.command("redrive")
    assert (answer["started"], answer["reason"][:29]) == (False, "the circuit is not closed: wh")
    assert opened.command("status")["redrives"] == []


def test_nothing_is_moved_while_an_operator_holds_the_sink(world):
    dead_letters(world, 5)
    world.command("pause")
    assert "resume it first" in world.command("redrive")["reason"]


def test_one_redrive_runs_at_a_time(world):
    dead_letters(world, 50)
    world.command("redrive")
    assert world.command("redrive") == {"started": False, "reason": "a redrive is under way"}


def test_without_dead_letters_there_is_nothing_to_move(world):
    assert world.command("redrive") == {"started": False, "reason": "there are no dead letters"}


def test_what_the_queue_refuses_is_told(world):
    dead_letters(world, 5)
    error = AwsError("InvalidParameterValue", "There is already a task running.", 400, "any")
    world.aws.on("StartMessageMoveTask", refused_by(error))
    reason = "the queue refuses it: There is already a task running."
    assert world.command("redrive") == {"started": False, "reason": reason}


# --- trouble ----------------------------------------------------------------------------------


def test_what_cannot_be_seen_to_comes_again_soon(opened):
    opened.aws.on("GET", request_lost)
    opened.wake()
    assert opened.mapping == "Enabled"
    opened.run(15 * SECOND, schedule=False)
    assert opened.mapping == "Disabled"


def test_a_message_that_is_no_wakeup_is_passed_over(opened, caplog):
    for body in (
        "[]",
        "{}",
        '{"command": "status"}',
        "no JSON",
        '{"command": "probe", "version": []}',
    ):
        parameters = {"QueueUrl": opened.url(CONTROL), "MessageBody": body}
        opened.memory.call("sqs", "SendMessage", parameters)
    opened.wake()
    assert caplog.messages.count("wakeup not understood") == 5
    assert opened.mapping == "Disabled"


def test_a_wakeup_of_what_has_changed_since_costs_one_read(opened):
    opened.run(31 * SECOND, schedule=False)
    before = len(opened.aws.calls)
    opened.run(HOUR, schedule=False)
    assert opened.aws.calls[before:] == ["GetItem"]


def test_lost_wakeups_are_made_up_for_by_the_schedule(opened):
    opened.aws.on("SendMessage", *[request_lost] * 50)
    for _ in range(20):
        opened.run(5 * MINUTE)
    assert (opened.state, opened.mapping) == ("closed", "Enabled")
