"""Sinks that hand on messages: Kinesis, SQS and SNS."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

import orjson
import pytest

from cdk_streamer_runtime.errors import AwsError, Throttled
from cdk_streamer_runtime.streams.claims.packing import TooLarge
from cdk_streamer_runtime.streams.json_text import plain
from cdk_streamer_runtime.streams.sinks.limits import MESSAGES_BYTES, RECORD_BYTES, TOPIC_BYTES
from cdk_streamer_runtime.streams.sinks.messages import send_messages
from cdk_streamer_runtime.streams.sinks.records import put_records
from cdk_streamer_runtime.streams.sinks.topics import publish_messages
from tests.runtime.streams.sinks.sending import TAGS, Surroundings, event, unit

# --- Kinesis ------------------------------------------------------------------------------------

records = put_records(stream="stream")


def data_of(surroundings):
    kept = surroundings.aws.data_streams.records("stream")
    return [(each["PartitionKey"], base64.b64decode(each["Data"]).decode()) for each in kept]


def test_a_record_has_the_partition_key_of_its_event(surroundings):
    requests = [{"Data": "text"}, {"Data": b"bytes", "PartitionKey": "k"}, {"Data": [1, "ü"]}]
    (passed,) = surroundings.send(records, unit(record_request=requests))
    assert data_of(surroundings) == [("thing-1", "text"), ("k", "bytes"), ("thing-1", '[1,"ü"]')]
    assert [each["ShardId"] for each in passed.record_response] == ["shardId-000000000000"] * 3


def test_an_event_is_a_record_with_its_own_key(surroundings):
    surroundings.send(records, unit(record_request=event(partitionKey="other")))
    ((key, text),) = data_of(surroundings)
    assert key == "other"
    assert json.loads(text) == {**event(partitionKey="other"), "tags": TAGS}


def test_a_record_that_the_stream_puts_off_is_known_by_its_unit(surroundings):
    surroundings.aws.data_streams.refusals.next("ProvisionedThroughputExceededException", None)
    units = [unit(str(number), record_request={"Data": str(number)}) for number in range(2)]
    failed, passed = surroundings.send(records, *units)
    assert isinstance(failed, Throttled)
    assert passed.record_response["SequenceNumber"]


def test_bytes_over_the_limit_are_refused(surroundings):
    request = {"Data": b"x" * RECORD_BYTES}  # the key counts too
    with pytest.raises(TooLarge):
        surroundings.send(records, unit(record_request=request))


# --- SQS ----------------------------------------------------------------------------------------

messages = send_messages(queue="queue")
ordered = send_messages(queue="orders")


def test_a_message_has_a_text_or_json(surroundings):
    requests = [{"MessageBody": "text"}, {"MessageBody": {"a": [1]}}]
    (passed,) = surroundings.send(messages, unit(message_request=requests))
    assert surroundings.aws.messages("queue") == ["text", '{"a":[1]}']
    assert all(each["MessageId"] for each in passed.message_response)


def test_a_message_that_is_refused_does_not_hold_back_its_neighbors(surroundings):
    requests = [{"MessageBody": "1", "DelaySeconds": 901}, {"MessageBody": "2"}]
    units = [unit(str(n), message_request=request) for n, request in enumerate(requests)]
    failed, passed = surroundings.send(messages, *units)
    assert (failed.code, failed.status) == ("InvalidParameterValue", 400)
    assert passed.message_response["MessageId"]
    assert surroundings.aws.messages("queue") == ["2"]


def test_a_fifo_queue_takes_an_event_once(surroundings):
    units = [unit("1", message_request={"MessageBody": "x"})] * 2
    surroundings.send(ordered, *units[:1])
    surroundings.send(ordered, *units)
    assert surroundings.aws.messages("orders.fifo") == ["x"]


def test_the_group_of_a_message_is_its_partition_key(surroundings):
    event_ = event("7", partitionKey="with space")
    odd, own = unit("1", message_request=event_), unit("2", message_request={"MessageBody": "x"})
    values = [ordered.prepare(each, surroundings.world).value.entries[0] for each in (odd, own)]  # pyright: ignore[reportOptionalMemberAccess] - then it fails
    first, second = (value.value.value for value in values)
    assert (first["MessageDeduplicationId"], len(first["MessageGroupId"])) == ("7.cdc", 32)
    assert second["MessageDeduplicationId"].startswith("2-")
    assert second["MessageGroupId"] == "thing-1"


def test_several_messages_of_an_event_are_told_apart(surroundings):
    requests = [{"MessageBody": "1"}, {"MessageBody": "2"}]
    surroundings.send(ordered, unit(message_request=requests))
    assert surroundings.aws.messages("orders.fifo") == ["1", "2"]


def test_two_pipelines_send_different_messages_for_the_same_event(surroundings):
    for body in ("to packing", "to billing", "to packing"):
        surroundings.send(ordered, unit("1", message_request={"MessageBody": body}))
    assert surroundings.aws.messages("orders.fifo") == ["to packing", "to billing"]


def test_equal_messages_of_the_parts_of_an_event_are_told_apart(surroundings):
    parts = [unit("1", message_request={"MessageBody": "x"}, split_number=n) for n in "001"]
    surroundings.send(ordered, *parts)
    assert surroundings.aws.messages("orders.fifo") == ["x", "x"]


def test_what_was_taken_is_not_sent_again_because_of_what_comes_later(surroundings):
    busy = [None, Throttled("ThrottlingException", "", 400, "SendMessageBatch")]
    whole = surroundings.aws.call

    def call(service, operation, parameters):
        if (error := busy.pop(0)) is not None:
            raise error
        return whole(service, operation, parameters)

    surroundings.aws.call = call
    many = unit("2", message_request=[{"MessageBody": str(number)} for number in range(10)])
    passed, failed = surroundings.send(
        messages, unit("1", message_request={"MessageBody": "first"}), many
    )
    assert passed.message_response["MessageId"]
    assert isinstance(failed, Throttled)


def test_a_request_may_say_its_group(surroundings):
    request = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    entry = ordered.prepare(unit(message_request=request), surroundings.world)
    assert entry.value.entries[0].value.value == request  # pyright: ignore[reportOptionalMemberAccess] - then it fails


def test_attributes_count_for_the_size_of_a_message(surroundings):
    attribute = {"DataType": "String", "StringValue": "x" * 100}
    request = {
        "MessageBody": "x" * (MESSAGES_BYTES - 50),
        "MessageAttributes": {"kind": attribute},
    }
    with pytest.raises(TooLarge):
        surroundings.send(messages, unit(message_request=request))


def test_what_the_answer_does_not_tell_of_may_be_sent_again(surroundings):
    surroundings.aws.call = lambda *_: {"Successful": [{"Id": "1", "MessageId": "m"}]}
    units = [unit(str(number), message_request={"MessageBody": "x"}) for number in range(2)]
    failed, passed = surroundings.send(messages, *units)
    assert (type(failed), failed.status) == (AwsError, 500)
    assert passed.message_response["MessageId"] == "m"


# --- SNS ----------------------------------------------------------------------------------------

notices = publish_messages(topic="topic")


def test_a_message_is_published_with_its_attributes(surroundings):
    request = {
        "Message": "a&b=ü",
        "Subject": "s",
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}},
    }
    (passed,) = surroundings.send(notices, unit(topic_request=request))
    (message,) = surroundings.aws.topics.messages("topic")
    assert (message["Message"], message["Subject"]) == ("a&b=ü", "s")
    assert message["MessageAttributes.entry.1.Value.StringValue"] == "x"
    assert passed.topic_response["MessageId"] == "message-1"


def test_an_event_is_a_message(surroundings):
    surroundings.send(notices, unit(topic_request=event()))
    (message,) = surroundings.aws.topics.messages("topic")
    assert json.loads(message["Message"])["id"] == "1.cdc"


def test_a_message_that_the_topic_refuses_is_known_by_its_unit(surroundings):
    surroundings.aws.topics.refusals.next("InternalError", None, "InvalidParameter")
    units = [unit(str(number), topic_request={"Message": str(number)}) for number in range(3)]
    internal, passed, invalid = surroundings.send(notices, *units)
    assert (internal.status, invalid.status) == (500, 400)
    assert passed.topic_response["MessageId"]


def test_a_fifo_topic_takes_an_event_once(surroundings):
    step = publish_messages(topic="topic.fifo")
    surroundings.send(step, *[unit("1", topic_request={"Message": "x"})] * 2)
    assert len(surroundings.aws.topics.messages("topic.fifo")) == 1


def test_a_topic_of_large_messages_takes_them(surroundings):
    entry = partial(unit, topic_request={"Message": "x" * (TOPIC_BYTES + 1)})
    with pytest.raises(TooLarge):
        notices.prepare(entry(), surroundings.world)
    large = publish_messages(topic="topic", size=2 * TOPIC_BYTES)
    assert large.prepare(entry(), surroundings.world).size == TOPIC_BYTES + 1  # pyright: ignore[reportOptionalMemberAccess] - then it fails


def test_a_size_that_no_topic_has_is_refused():
    with pytest.raises(ValueError, match="size must be 1 to 1048576 bytes"):
        publish_messages(topic="topic", size=2**21)


# --- what writes them ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "name"),
    [(records, "record_request"), (messages, "message_request"), (notices, "topic_request")],
)
def test_the_users_encoder_writes_what_is_emitted(step, name):
    faster = Surroundings(encode=partial(orjson.dumps, default=plain))
    request: dict[str, Any] = {name: event(thing={"tags": {"a"}, "name": "ü"})}
    mine, theirs = (each.send(step, unit(**request))[0] for each in (Surroundings(), faster))
    assert mine.scope == theirs.scope
    (first, second) = (
        step.prepare(unit(**request), each.world) for each in (Surroundings(), faster)
    )
    assert first == second
