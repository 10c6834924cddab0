"""What is put aside stays as it was, with the reason beside it where there is room."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, ORIGIN_ATTRIBUTE, REASON_ATTRIBUTE
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, Permanent, Throttled
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.side_queue import REASON_CHARACTERS, SideQueue
from tests.runtime.observed_aws import refused_by
from tests.runtime.sinks.world import World


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


@pytest.fixture
def world():
    return World()


def put_aside(world, reason="no such account", **attributes):
    """Put one message aside; give what is in the queue then."""
    world.send("a", **attributes)
    (record,) = world.receive()
    SideQueue(world.aws, world.url(world.rejected)).put(Message.of(record), reason)
    (message,) = world.memory.call(
        "sqs", "ReceiveMessage", {"QueueUrl": world.url(world.rejected)}
    )["Messages"]
    told = {
        name: each.get("StringValue") or each["BinaryValue"]
        for name, each in message["MessageAttributes"].items()
    }
    return record["messageId"], message["Body"], told


def test_it_has_its_body_the_reason_and_what_it_was(world):
    before, body, told = put_aside(world)
    assert body == "a"
    assert told == {REASON_ATTRIBUTE: "no such account", ORIGIN_ATTRIBUTE: before}


def test_it_keeps_its_attributes_and_their_types(world):
    _, _, told = put_aside(
        world,
        tenant=text("acme"),
        count={"DataType": "Number.int", "StringValue": "7"},
        image={"DataType": "Binary.png", "BinaryValue": "aGVsbG8="},
    )
    assert (told["tenant"], told["count"], told["image"]) == ("acme", "7", "aGVsbG8=")


@pytest.mark.parametrize(("own", "ours"), [(8, 2), (9, 1), (10, 0)])
def test_what_its_author_wrote_is_never_left_out(world, own, ours):
    attributes: dict[str, Any] = {f"name-{number}": text("x") for number in range(own)}
    _, _, told = put_aside(world, **attributes)
    assert attributes.keys() <= told.keys()
    assert len(told) == own + ours


def test_what_is_rejected_again_has_the_newer_reason(world):
    attributes: dict[str, Any] = {f"name-{number}": text("x") for number in range(9)}
    attributes[REASON_ATTRIBUTE] = text("old")
    _, _, told = put_aside(world, reason="newer", **attributes)
    assert told[REASON_ATTRIBUTE] == "newer"


def test_a_reason_is_cut_and_cleaned_to_what_a_queue_takes(world):
    _, _, told = put_aside(world, reason="\x00" + "long" * 1_000)
    assert told[REASON_ATTRIBUTE] == ("\ufffd" + "long" * 1_000)[:REASON_CHARACTERS]


def test_an_error_without_a_text_is_told_by_its_name(world):
    world.send("a")

    def act(_record):
        raise Permanent

    world.author.act = act
    world.handle()
    (message,) = world.receive(world.rejected)
    assert message["messageAttributes"][REASON_ATTRIBUTE]["stringValue"] == "Permanent"


def test_a_message_that_is_as_large_as_can_be_goes_without_a_reason(world):
    too_long = aws_error("InvalidParameterValue", "too long", 400, "SendMessage")
    world.aws.on("SendMessage", refused_by(too_long))
    _, _, told = put_aside(world, tenant=text("acme"))
    assert told == {"tenant": "acme"}


def test_a_queue_that_is_busy_does_not_cost_the_reason(world):
    world.aws.on("SendMessage", refused_by(Throttled("RequestThrottled", "", 400, "SendMessage")))
    with pytest.raises(AwsError):
        put_aside(world)


def test_of_a_group_it_stays_in_the_group():
    fifo = World(fifo=True)
    fifo.send("a", group="g")
    (record,) = fifo.receive()
    SideQueue(fifo.aws, fifo.url(fifo.rejected)).put(Message.of(record), "no")
    (message,) = fifo.receive(fifo.rejected)
    assert message["attributes"]["MessageGroupId"] == "g"
    assert message["attributes"]["MessageDeduplicationId"] == record["messageId"]


def test_in_a_fifo_queue_it_keeps_the_key_that_was_its_deduplication_id():
    fifo = World(fifo=True)
    fifo.send("a")
    (record,) = fifo.receive()
    message = Message.of(record)
    SideQueue(fifo.aws, fifo.url(fifo.rejected)).put(message, "no")
    (aside,) = fifo.receive(fifo.rejected)
    assert message.record.key == "a-0"
    assert Message.of(aside).record.key == "a-0"


def test_in_a_fifo_queue_it_keeps_the_key_that_it_was_sent_with():
    fifo = World(fifo=True)
    own: dict[str, Any] = {KEY_ATTRIBUTE: text("order-1")}
    fifo.send("a", **own)
    (record,) = fifo.receive()
    SideQueue(fifo.aws, fifo.url(fifo.rejected)).put(Message.of(record), "no")
    (aside,) = fifo.receive(fifo.rejected)
    assert Message.of(aside).record.key == "order-1"
