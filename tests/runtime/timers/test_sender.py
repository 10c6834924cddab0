"""Firings reach the queue: in batches, at their time, whatever the queue says to some of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from benchmarks._passing import Passing
from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AccessDenied, Throttled, Unreachable
from cdk_streamer_runtime.timers.faults import FiringsUnsent
from cdk_streamer_runtime.timers.firing import Firing
from cdk_streamer_runtime.timers.sending.message import body, bytes_of
from cdk_streamer_runtime.timers.sending.sender import BATCH, BATCH_BYTES, Sender, batches
from tests.runtime.observed_aws import refused_by, request_lost
from tests.runtime.timers.world import DEAD, FIRINGS, MINUTE, World

DATA = '{"n":1}'


@pytest.fixture
def world():
    return World()


def firing(name="a", at=MINUTE, data=DATA, **fields):
    return Firing(id=name, fire_at=at, rev=7, data=data, **fields)


def several(count):
    return [firing(f"t{number}") for number in range(count)]


def failing(*codes, sender_fault=False):
    """Answer a batch with a fault for each of its first entries, having taken the others."""

    def intervene(effect):
        answer = effect()
        faults = [
            {"Id": str(index), "Code": code, "SenderFault": sender_fault}
            for index, code in enumerate(codes)
        ]
        return {**answer, "Failed": faults}

    return intervene


def refusing(text, code="InvalidMessageContents"):
    """Refuse as a whole each batch that has this text in it."""

    class Refusing(Passing):
        def call(self, service, operation, parameters):
            entries = parameters.get("Entries", [])
            if any(text in entry["MessageBody"] for entry in entries):
                raise aws_error(code, "", 400, operation)
            return super().call(service, operation, parameters)

    return Refusing


# --- messages -------------------------------------------------------------------------------------


def test_a_message_says_who_fires_when_and_with_what(world):
    world.sender.send([firing()])
    assert world.sent() == [
        {"id": "a", "fire_at": "2023-11-14T22:14:00Z", "rev": 7, "data": {"n": 1}}
    ]


def test_a_plain_message_is_the_data_alone(world):
    world.sender.send([firing(plain=True)])
    assert world.sent() == [{"n": 1}]


def test_the_attributes_tell_the_key_of_the_firing_and_the_revision(world):
    world.sender.send([firing(plain=True)])
    (message,) = world.received()
    told = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert told == {"fire_key": f"a/{MINUTE}", "rev": "7", "plain": "1"}


@given(st.text(), st.integers(0, 4 * 10**9))
@settings(max_examples=60)
def test_the_body_is_json_whatever_the_data(text, at):
    data = json.dumps(text, ensure_ascii=False)
    document = json.loads(body(firing(at=at, data=data)))
    assert (document["data"], document["rev"], len(document)) == (text, 7, 4)


# --- time -----------------------------------------------------------------------------------------


@given(st.integers(-5_000, 890_000))
@settings(max_examples=60)
def test_no_message_is_visible_before_its_moment_nor_a_second_after_it(ahead):
    world = World()
    world.platform.now = MINUTE * 1000 - ahead
    world.sender.send([firing()])
    visible = world.memory.next_visible_at(FIRINGS)
    assert visible is not None
    assert 0 <= visible - max(MINUTE * 1000, world.platform.now) < 1000


def test_a_message_that_is_sent_again_waits_only_for_the_rest_of_its_time(world):
    world.aws.on("SendMessageBatch", request_lost, request_lost, request_lost)
    world.sender.send([firing(at=MINUTE + 10)])
    assert world.platform.now > MINUTE * 1000
    assert world.memory.next_visible_at(FIRINGS) // 1000 == MINUTE + 10


def test_lateness_is_measured_from_the_moment_to_when_the_message_is_visible(world):
    world.platform.now += 2_500
    world.sender.send([firing(), firing("b", at=MINUTE + 100)])
    assert world.meter.values[TimerMetric.FIRE_LATENESS] == [2_500]


# --- batches --------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 64 * 1024), max_size=60))
@settings(max_examples=60)
def test_batches_keep_the_order_and_both_limits(sizes):
    firings = [
        firing(f"t{number}", data='"' + "x" * size + '"') for number, size in enumerate(sizes)
    ]
    found = list(batches(firings))
    assert [each for batch in found for each in batch] == firings
    assert all(0 < len(batch) <= BATCH for batch in found)
    assert all(sum(map(bytes_of, batch)) <= BATCH_BYTES for batch in found)


@given(st.text(), st.text(alphabet="abc~:", min_size=1, max_size=128))
@settings(max_examples=60)
def test_the_size_is_never_taken_for_less_than_it_is(text, name):
    each = firing(name, data=json.dumps(text, ensure_ascii=False))
    attributes = len(f"fire_keyString{each.fire_key}revString7")
    assert bytes_of(each) >= len(body(each).encode(errors="replace")) + attributes


def test_a_thousand_firings_are_a_hundred_calls(world):
    world.sender.send(several(1000))
    assert world.aws.counts["SendMessageBatch"] == 100
    assert world.meter.counts == {TimerMetric.ENQUEUED: 1000}


# --- failures -------------------------------------------------------------------------------------


def test_what_a_queue_did_not_take_is_sent_again_and_the_rest_is_not(world):
    world.aws.on("SendMessageBatch", failing("InternalError", "InternalError"))
    world.sender.send(several(10))
    ids = [each["id"] for each in world.sent()]
    assert (len(ids), ids.count("t0"), ids.count("t1")) == (12, 2, 2)
    assert world.meter.counts[TimerMetric.SEND_RETRIES] == 2


@pytest.mark.parametrize(
    "error",
    [
        Throttled("RequestThrottled", "", 400, "any"),
        Unreachable("Timeout", "", 0, "any"),
        aws_error("InternalFailure", "", 500, "any"),
    ],
)
def test_a_call_that_fails_for_a_while_is_repeated(world, error):
    world.aws.on("SendMessageBatch", refused_by(error), refused_by(error))
    world.sender.send(several(10))
    assert len(world.sent()) == 10


def test_a_queue_that_takes_nothing_for_seconds_is_told_of(world):
    error = Throttled("RequestThrottled", "", 400, "any")
    world.aws.on("SendMessageBatch", *[refused_by(error)] * 50)
    with pytest.raises(FiringsUnsent, match="RequestThrottled"):
        world.sender.send(several(1))
    assert world.sent() == []


def test_what_no_repetition_helps_against_is_told_of_at_once(world):
    world.aws.on("SendMessageBatch", refused_by(AccessDenied("AccessDenied", "", 403, "any")))
    with pytest.raises(FiringsUnsent, match="AccessDenied"):
        world.sender.send(several(1))
    assert world.aws.counts["SendMessageBatch"] == 1


def test_one_failing_batch_does_not_keep_the_others_back(world):
    world.aws.on("SendMessageBatch", refused_by(AccessDenied("AccessDenied", "", 403, "any")))
    with pytest.raises(FiringsUnsent):
        world.sender.send(several(30))
    assert len(world.sent()) == 20


def test_nothing_is_sent_when_its_time_is_over(world):
    with pytest.raises(FiringsUnsent, match="OutOfTime"):
        world.sender.send(several(10), until=world.platform.now)
    assert world.aws.calls == []


def test_no_attempt_follows_a_pause_that_would_end_too_late(world):
    error = Throttled("RequestThrottled", "", 400, "any")
    world.aws.on("SendMessageBatch", *[refused_by(error)] * 50)
    end = world.platform.now + 700
    with pytest.raises(FiringsUnsent):
        world.sender.send(several(1), until=end)
    assert world.platform.now < end


# --- dead letters ---------------------------------------------------------------------------------


def test_an_entry_that_is_refused_for_ever_is_a_dead_letter_and_its_neighbors_fly(world):
    sender = Sender(
        refusing("worse")(world.memory),
        world.url(FIRINGS),
        world.url(DEAD),
        world.platform,
        world.meter,
    )
    sender.send([*several(9), firing("bad", data='"worse"')])
    assert sorted(each["id"] for each in world.sent()) == [f"t{n}" for n in range(9)]
    assert [each["id"] for each in world.sent(DEAD)] == ["bad"]
    assert world.meter.counts[TimerMetric.FIRINGS_REJECTED] == 1
    assert world.meter.counts[TimerMetric.ENQUEUED] == 9


def test_an_entry_of_which_the_queue_says_so_is_a_dead_letter(world):
    world.aws.on("SendMessageBatch", failing("InvalidMessageContents", sender_fault=True))
    world.sender.send([firing()])
    (letter,) = world.received(DEAD)
    told = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
    assert told == {"fire_key": f"a/{MINUTE}", "rev": "7", "reason": "InvalidMessageContents"}


@pytest.mark.parametrize("code", ["RequestThrottled", "KmsAccessDenied", "KMS.DisabledException"])
def test_a_sender_fault_that_is_the_queues_is_none_of_the_message(world, code):
    world.aws.on("SendMessageBatch", failing(code, sender_fault=True))
    world.sender.send([firing()])
    assert world.sent(DEAD) == []
    assert world.meter.counts[TimerMetric.SEND_RETRIES] == 1


def test_a_dead_letter_has_no_character_that_a_queue_refuses(world):
    world.aws.on("SendMessageBatch", failing("InvalidMessageContents", sender_fault=True))
    world.sender.send([firing(data='"\uffff"')])
    (letter,) = world.received(DEAD)
    assert letter["Body"].isascii()
    assert json.loads(letter["Body"])["data"] == "\uffff"


def test_a_dead_letter_that_cannot_be_put_now_is_told_of(world):
    world.aws.on("SendMessageBatch", failing("InvalidMessageContents", sender_fault=True))
    world.aws.on("SendMessage", request_lost)
    with pytest.raises(FiringsUnsent):
        world.sender.send([firing()])
    assert world.meter.counts[TimerMetric.FIRINGS_REJECTED] == 0


def test_a_dead_letter_that_is_refused_too_is_counted_and_holds_nobody_up(world):
    world.aws.on("SendMessageBatch", failing("InvalidMessageContents", sender_fault=True))
    world.aws.on("SendMessage", refused_by(aws_error("InvalidMessageContents", "", 400, "any")))
    world.sender.send([firing()])
    assert world.meter.counts[TimerMetric.FIRINGS_REJECTED] == 1


def test_without_a_queue_for_dead_letters_they_are_counted(world):
    world.aws.on("SendMessageBatch", failing("InvalidMessageContents", sender_fault=True))
    Sender(world.aws, world.url(FIRINGS), None, world.platform, world.meter).send([firing()])
    assert world.meter.counts[TimerMetric.FIRINGS_REJECTED] == 1
    assert world.aws.counts["SendMessage"] == 0
