"""Messages on their way into a queue: in parts, in order, and what is not taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.errors import Throttled
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.outgoing import (
    CALL_BYTES,
    CALL_MESSAGES,
    Message,
    Outbox,
    calls,
    fifo_id,
    group_of,
    text_of,
)
from tests.runtime.observed_aws import ObservedAws, refused_by, request_lost, undisturbed

THROTTLED = Throttled("RequestThrottled", "", 400, "SendMessageBatch")


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform()


@pytest.fixture
def aws(platform: MemoryPlatform) -> ObservedAws:
    queues = [QueueSchema(name="queue"), QueueSchema(name="queue.fifo")]
    return ObservedAws(MemoryAws(clock=platform.clock, queues=queues))


def outbox(aws: ObservedAws, platform: MemoryPlatform, queue: str = "queue") -> Outbox:
    return Outbox(aws, aws.memory.queue_url(queue), platform)


def failing(*failures: dict[str, Any]):
    """Answer with entries that were not taken, and take the others."""

    def intervene(effect: Any) -> Any:
        answer = effect()
        failed = {failure["Id"] for failure in failures}
        taken = [each for each in answer["Successful"] if each["Id"] not in failed]
        return {"Successful": taken, "Failed": list(failures)}

    return intervene


def test_messages_are_sent_ten_a_call_in_their_order(aws, platform):
    bodies = [str(number) for number in range(25)]

    unsent = outbox(aws, platform).send([Message(body=body) for body in bodies])

    assert unsent == []
    assert aws.memory.messages("queue") == bodies
    assert aws.calls == ["SendMessageBatch"] * 3


def test_nothing_is_sent_for_no_messages(aws, platform):
    assert outbox(aws, platform).send([]) == []
    assert aws.calls == []


@settings(max_examples=50)
@given(sizes=st.lists(st.integers(0, CALL_BYTES // 2), max_size=25))
def test_a_call_is_never_larger_than_the_queue_takes(sizes: list[int]):
    messages = [Message(body="x" * size, attributes={"name": "é"}) for size in sizes]

    parts = list(calls(messages))

    assert [place for part in parts for place, _ in part] == list(range(len(messages)))
    assert all(len(part) <= CALL_MESSAGES for part in parts)
    assert all(sum(message.bytes for _, message in part) <= CALL_BYTES for part in parts)


def test_attributes_groups_and_delays_travel(aws, platform):
    message = Message(body="1", attributes={"key": "k"}, group="g", deduplication="d")
    outbox(aws, platform, "queue.fifo").send([message])
    outbox(aws, platform).send([Message(body="2", delay=60)])

    url = {"QueueUrl": aws.memory.queue_url("queue.fifo")}
    (received,) = aws.memory.call("sqs", "ReceiveMessage", url)["Messages"]
    assert received["MessageAttributes"] == {"key": {"DataType": "String", "StringValue": "k"}}
    assert received["Attributes"]["MessageGroupId"] == "g"
    assert aws.memory.next_visible_at("queue") == platform.now + 60_000


@pytest.mark.parametrize("trouble", [request_lost, refused_by(THROTTLED)])
def test_what_may_pass_is_tried_again(aws, platform, trouble):
    aws.on("SendMessageBatch", trouble, trouble)

    assert outbox(aws, platform).send([Message(body="1")]) == []
    assert aws.memory.messages("queue") == ["1"]


def test_only_the_entries_that_failed_are_sent_again(aws, platform):
    busy = {"Id": "1", "Code": "InternalError", "SenderFault": False}
    aws.on("SendMessageBatch", failing(busy))

    assert outbox(aws, platform).send([Message(body="a"), Message(body="b")]) == []
    assert aws.memory.messages("queue") == ["a", "b", "b"]  # it was there, and the answer lied


def test_an_entry_that_is_refused_for_good_hurts_no_neighbor(aws, platform):
    bad = {"Id": "1", "Code": "InvalidMessageContents", "SenderFault": True}
    aws.on("SendMessageBatch", undisturbed, failing(bad))

    unsent = outbox(aws, platform).send([Message(body=str(number)) for number in range(13)])

    assert [(each.place, each.code, each.refused) for each in unsent] == [
        (11, "InvalidMessageContents", True)
    ]
    assert aws.calls == ["SendMessageBatch"] * 2


@pytest.mark.parametrize("code", ["KmsAccessDenied", "KmsThrottled"])
def test_a_fault_of_the_queue_is_not_the_messages(aws, platform, code):
    aws.on("SendMessageBatch", failing({"Id": "0", "Code": code, "SenderFault": True}))

    assert outbox(aws, platform).send([Message(body="1")]) == []


def test_who_is_to_blame_for_a_refused_call_is_found(aws, platform):
    messages = [Message(body="x" if place == 3 else str(place)) for place in range(10)]
    send = aws.memory.call

    def refuse(service: str, operation: str, parameters: Any) -> dict[str, Any]:
        if any(entry["MessageBody"] == "x" for entry in parameters["Entries"]):
            raise Throttled("AWS.SimpleQueueService.InvalidMessageContents", "", 400, operation)
        return send(service, operation, parameters)

    aws.memory.call = refuse

    unsent = outbox(aws, platform).send(messages)

    assert [(each.place, each.refused) for each in unsent] == [(3, True)]
    assert len(aws.memory.messages("queue")) == 9


def test_what_is_not_taken_in_time_is_told(aws, platform):
    aws.on("SendMessageBatch", *[request_lost] * 100)
    start = platform.now

    (unsent,) = outbox(aws, platform).send([Message(body="1")], until=start + 2_000)

    assert (unsent.code, unsent.refused) == ("Timeout", False)
    assert platform.now < start + 2_000


def test_a_queue_that_is_not_there_is_not_asked_twice(aws, platform):
    (unsent,) = outbox(aws, platform, "nowhere").send([Message(body="1")])

    assert unsent.code.endswith("NonExistentQueue")
    assert aws.calls == ["SendMessageBatch"]


@given(st.text())
def test_every_text_can_be_sent(text: str):
    sent = text_of(text)

    assert json.loads(sent) == text
    assert not any(ord(letter) in {0x7F, 0xFFFE, 0xFFFF} for letter in sent)


@pytest.mark.parametrize(
    ("document", "group"),
    [({"user": "ann"}, "ann"), ({"user": 7}, "7"), ({"user": "ann smith"}, fifo_id("ann smith"))],
)
def test_a_group_is_the_member_that_orders(document, group):
    assert group_of(document, "user", "all") == group
    assert group_of(document, None, "all") == "all"


@pytest.mark.parametrize("document", [{}, {"user": None}, {"user": []}, "ann", None])
def test_a_document_without_its_order_is_refused(document):
    with pytest.raises(ValueError, match="needs its member 'user'"):
        group_of(document, "user", "all")
