"""From the stream to the queues, also for what the stream gave up on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.errors import AwsError, StreamerError, Unreachable
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.api import TABLE, WATCH, WORK
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.dispatcher import Dispatcher, LostRecords, is_new_request
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from tests.runtime.observed_aws import ObservedAws, answer_lost, refused_by

UNREACHABLE = Unreachable("Timeout", "", 0, "SendMessageBatch")


def record(number: int, **changes: Any) -> dict[str, Any]:
    image = {"trace": {"S": f"Root=1-{number}"}, "state": {"S": State.QUEUED}}
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {"pk": {"S": f"key-{number}"}, "sk": {"S": "request"}},
            "NewImage": image,
            "SequenceNumber": str(number),
        },
        **changes,
    }


@pytest.fixture
def aws() -> ObservedAws:
    return ObservedAws(
        MemoryAws(
            clock=lambda: START, tables=[TABLE], queues=[WORK, WATCH, QueueSchema(name="dead")]
        )
    )


@pytest.fixture
def dispatcher(aws: ObservedAws) -> Dispatcher:
    return Dispatcher(
        work=Queue(aws, aws.memory.queue_url(WORK.name)),
        watch=Queue(aws, aws.memory.queue_url(WATCH.name)),
        lease=60_000,
    )


def keys(aws: ObservedAws, queue: str) -> list[str]:
    return [json.loads(body)["key"] for body in aws.memory.messages(queue)]


# --- the stream -----------------------------------------------------------------------------------


def test_a_new_request_becomes_work_and_is_watched(dispatcher: Dispatcher, aws: ObservedAws):
    assert dispatcher.dispatch([record(1)]) == []
    assert aws.memory.messages(WORK.name) == ['{"key":"key-1","attempt":1}']
    assert aws.memory.messages(WATCH.name) == ['{"key":"key-1","attempt":1}']


def test_work_is_due_at_once_and_watched_after_a_lease(dispatcher: Dispatcher, aws: ObservedAws):
    dispatcher.dispatch([record(1)])

    assert aws.memory.next_visible_at(WORK.name) == START
    assert aws.memory.next_visible_at(WATCH.name) == START + 60_000


def test_the_trace_travels_beside_the_message(dispatcher: Dispatcher, aws: ObservedAws):
    dispatcher.dispatch([record(1)])
    url = aws.memory.queue_url(WORK.name)
    (message,) = aws.call("sqs", "ReceiveMessage", {"QueueUrl": url})["Messages"]

    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-1"


def test_an_image_that_the_stream_does_not_carry_costs_the_trace_alone(
    dispatcher: Dispatcher, aws: ObservedAws
):
    slim = record(1)
    del slim["dynamodb"]["NewImage"]

    assert dispatcher.dispatch([slim]) == []
    assert keys(aws, WORK.name) == ["key-1"]


@pytest.mark.parametrize("count", [1, 10, 11, 25, 100])
def test_a_batch_of_any_size_is_sent_ten_by_ten(
    dispatcher: Dispatcher, aws: ObservedAws, count: int
):
    dispatcher.dispatch([record(number) for number in range(count)])

    assert keys(aws, WORK.name) == keys(aws, WATCH.name) == [f"key-{n}" for n in range(count)]
    assert aws.counts == {"SendMessageBatch": 2 * -(-count // 10)}


@pytest.mark.parametrize(
    "other",
    [
        record(1, eventName="MODIFY"),
        record(1, eventName="REMOVE"),
        record(1, dynamodb={"Keys": {"pk": {"S": "key-1"}, "sk": {"S": "payload"}}}),
        record(1, dynamodb={"Keys": {"pk": {"S": "conn#1"}, "sk": {"S": "connection"}}}),
    ],
    ids=["modified", "removed", "payload", "connection"],
)
def test_nothing_else_starts_work(
    dispatcher: Dispatcher, aws: ObservedAws, other: Mapping[str, Any]
):
    assert not is_new_request(other)
    assert dispatcher.dispatch([other]) == []
    assert aws.calls == []


def test_nothing_is_sent_for_nothing(dispatcher: Dispatcher, aws: ObservedAws):
    assert dispatcher.dispatch([]) == []
    assert aws.calls == []


def partly(*refused: str) -> Any:
    """Let SQS take a batch but for some entries."""

    def intervene(effect: Any) -> Any:
        effect()
        return {"Failed": [{"Id": id, "Code": "InternalError"} for id in refused]}

    return intervene


def test_what_a_queue_did_not_take_is_named(dispatcher: Dispatcher, aws: ObservedAws):
    records = [record(number) for number in range(15)]
    aws.on("SendMessageBatch", partly("3"), partly("12"), partly("3", "5"))

    failed = dispatcher.dispatch(records)
    assert [each["dynamodb"]["SequenceNumber"] for each in failed] == ["3", "5", "12"]


def test_what_failed_is_found_among_records_that_are_not_ours(
    dispatcher: Dispatcher, aws: ObservedAws
):
    aws.on("SendMessageBatch", partly("0"))

    failed = dispatcher.dispatch([record(1, eventName="REMOVE"), record(2)])
    assert [each["dynamodb"]["SequenceNumber"] for each in failed] == ["2"]


@pytest.mark.parametrize("failure", [refused_by(UNREACHABLE), answer_lost])
def test_a_queue_out_of_reach_fails_the_whole_batch(
    dispatcher: Dispatcher, aws: ObservedAws, failure: Any
):
    aws.on("SendMessageBatch", failure)

    with pytest.raises(Unreachable):
        dispatcher.dispatch([record(1)])


def test_what_is_queued_is_watched_already(dispatcher: Dispatcher, aws: ObservedAws):
    aws.on("SendMessageBatch", lambda effect: effect(), refused_by(UNREACHABLE))

    with pytest.raises(Unreachable):
        dispatcher.dispatch([record(1)])
    assert (keys(aws, WATCH.name), keys(aws, WORK.name)) == (["key-1"], [])


# --- the messages ---------------------------------------------------------------------------------


def test_a_message_reads_as_it_was_written():
    message = WorkMessage(key="key-1", attempt=3)

    assert WorkMessage.from_body(message.to_body()) == message


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(-5, 0), (0, 0), (1, 1), (999, 1), (1_001, 2), (10**9, 900)]
)
def test_a_delay_is_rounded_up_to_what_a_queue_can_do(
    aws: ObservedAws, milliseconds: int, seconds: int
):
    queue = Queue(aws, aws.memory.queue_url(WORK.name))
    queue.send(WorkMessage(key="key-1", attempt=1), milliseconds)

    assert aws.memory.next_visible_at(WORK.name) == START + seconds * 1000


# --- what the stream gave up on -------------------------------------------------------------------


def stored(aws: ObservedAws, count: int) -> list[dict[str, Any]]:
    for number in range(count):
        item = {"pk": {"S": f"key-{number}"}, "sk": {"S": "request"}}
        aws.memory.call("dynamodb", "PutItem", {"TableName": TABLE.name, "Item": item})
    return aws.memory.stream_records(TABLE.name)


def pointer(first: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "streamArn": f"arn:aws:dynamodb:eu-west-1:000000000000:table/{TABLE.name}/stream/1",
        "shardId": "shard-0",
        "startSequenceNumber": first["dynamodb"]["SequenceNumber"],
        "endSequenceNumber": last["dynamodb"]["SequenceNumber"],
    }


def names(records: list[Mapping[str, Any]]) -> list[str]:
    return [each["dynamodb"]["Keys"]["pk"]["S"] for each in records]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 4), (2, 3), (4, 4)])
def test_the_records_of_the_pointer_are_read_and_no_others(aws: ObservedAws, first: int, last: int):
    records = stored(aws, 5)
    lost = LostRecords(aws).read(pointer(records[first], records[last]))

    assert names(lost) == [f"key-{number}" for number in range(first, last + 1)]


def test_records_are_read_page_by_page(aws: ObservedAws):
    records = stored(aws, 7)
    lost = LostRecords(Paged(aws.memory, size=2)).read(pointer(records[1], records[5]))

    assert names(lost) == [f"key-{number}" for number in range(1, 6)]


def test_an_empty_page_is_not_the_end(aws: ObservedAws):
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
    records = stored(aws, 4)
    paged = Paged(aws.memory, size=2, empty=3)
    lost = LostRecords(paged).read(pointer(records[0], records[3]))

    assert names(lost) == ["key-0", "key-1", "key-2", "key-3"]


def test_a_shard_that_ended_before_the_last_record_is_no_success(aws: ObservedAws):
    records = stored(aws, 2)
    beyond = {"dynamodb": {"SequenceNumber": "999"}}
    paged = Paged(aws.memory, size=2, closes=True)

    with pytest.raises(StreamerError, match="not all"):
        LostRecords(paged).read(pointer(records[0], beyond))


def test_a_shard_that_gives_nothing_any_more_is_no_success(aws: ObservedAws):
    records = stored(aws, 2)
    beyond = {"dynamodb": {"SequenceNumber": "999"}}

    with pytest.raises(StreamerError, match="not all"):
        LostRecords(aws).read(pointer(records[0], beyond))
    assert aws.counts["GetRecords"] < 100


def test_records_that_are_older_than_the_stream_are_no_success(aws: ObservedAws):
    records = stored(aws, 1)
    trimmed = AwsError("TrimmedDataAccessException", "", 400, "GetShardIterator")
    aws.on("GetShardIterator", refused_by(trimmed))

    with pytest.raises(AwsError, match="Trimmed"):
        LostRecords(aws).read(pointer(records[0], records[0]))


class Paged(ObservedAws):
    """A stream that gives few records a page, and at times none."""

    def __init__(
        self, memory: MemoryAws, *, size: int, empty: int = 0, closes: bool = False
    ) -> None:
        super().__init__(memory)
        self._size = size
        self._empty = empty
        self._left = empty
        self._closes = closes

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        if operation != "GetRecords":
            return self.memory.call(service, operation, parameters)
        if self._left:
            self._left -= 1
            return {"Records": [], "NextShardIterator": parameters["ShardIterator"]}
        self._left = self._empty
        answer = self.memory.call(service, operation, {**parameters, "Limit": self._size})
        if self._closes and not answer["Records"]:
            return {"Records": []}
        return answer
