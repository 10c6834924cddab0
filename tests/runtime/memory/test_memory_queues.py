"""SQS in memory: what is delayed, received, hidden, given back and given up."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema


@pytest.fixture
def work(aws):
    return Queue(aws, "work")


class Queue:
    def __init__(self, aws, name):
        self.aws = aws
        self.url = aws.queue_url(name)

    def call(self, operation, **parameters):
        return self.aws.call("sqs", operation, {"QueueUrl": self.url, **parameters})

    def send(self, body="body", **parameters):
        return self.call("SendMessage", MessageBody=body, **parameters)

    def receive(self, **parameters):
        return self.call("ReceiveMessage", **parameters).get("Messages", [])


def bodies(messages) -> list[str]:
    return [message["Body"] for message in messages]


def test_a_message_is_received_with_what_it_was_sent_with(work, clock):
    sent = work.send(
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}},
    )
    (message,) = work.receive()
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == "841a2d689ad86bd1611447453c22c6fc"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "x"
    assert message["Attributes"] == {
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": str(clock.now),
        "SentTimestamp": str(clock.now),
        "SenderId": "memory",
        "AWSTraceHeader": "Root=1",
    }


def test_a_delayed_message_waits(work, clock, aws):
    work.send(DelaySeconds=900)
    clock.pass_seconds(899.999)
    assert work.receive() == []
    assert aws.next_visible_at("work") == clock.now + 1
    clock.pass_seconds(0.001)
    assert len(work.receive()) == 1


def test_a_queue_has_a_delay_of_its_own(aws, clock):
    slow = Queue(aws, "slow")
    slow.send("own")
    slow.send("other", DelaySeconds=0)
    assert bodies(slow.receive(MaxNumberOfMessages=10)) == ["other"]
    clock.pass_seconds(30)
    assert bodies(slow.receive()) == ["own"]


def test_a_received_message_is_hidden_for_its_visibility(work, clock):
    work.send()
    work.receive()
    clock.pass_seconds(59.999)
    assert work.receive() == []
    clock.pass_seconds(0.001)
    assert work.receive()[0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_the_receiver_may_choose_the_visibility(work, clock):
    work.send()
    work.receive(VisibilityTimeout=5)
    clock.pass_seconds(5)
    assert len(work.receive()) == 1


def test_a_deleted_message_is_gone(work, clock, aws):
    work.send()
    work.call("DeleteMessage", ReceiptHandle=work.receive()[0]["ReceiptHandle"])
    clock.pass_seconds(60)
    assert (work.receive(), aws.messages("work"), aws.next_visible_at("work")) == ([], [], None)


def test_a_receipt_is_worth_nothing_after_the_next_receive(work, clock, aws):
    work.send()
    old = work.receive()[0]["ReceiptHandle"]
    clock.pass_seconds(60)
    work.receive()
    work.call("DeleteMessage", ReceiptHandle=old)
    assert aws.messages("work") == ["body"]


def test_the_visibility_of_a_message_in_flight_can_be_changed(work, clock):
    work.send()
    receipt = work.receive()[0]["ReceiptHandle"]
    work.call("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=600)
    clock.pass_seconds(599)
    assert work.receive() == []
    clock.pass_seconds(1)
    assert len(work.receive()) == 1


def test_a_message_can_be_given_back_at_once(work):
    work.send()
    receipt = work.receive()[0]["ReceiptHandle"]
    work.call("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=0)
    assert len(work.receive()) == 1


def test_the_visibility_of_a_message_at_rest_cannot_be_changed(work, clock):
    work.send()
    receipt = work.receive()[0]["ReceiptHandle"]
    clock.pass_seconds(60)
    with pytest.raises(AwsError, match="MessageNotInflight"):
        work.call("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=1)


def test_a_message_received_too_often_is_a_dead_letter(work, clock, aws):
    sent = work.send()
    for _ in range(2):
        work.receive()
        clock.pass_seconds(60)
    assert work.receive() == []
    assert aws.messages("work") == []
    (dead,) = Queue(aws, "dead").receive()
    assert dead["MessageId"] == sent["MessageId"]
    assert dead["Attributes"]["ApproximateReceiveCount"] == "3"


def test_messages_come_in_the_order_in_which_they_became_visible(work):
    for body in ("first", "second", "third"):
        work.send(body)
    assert bodies(work.receive(MaxNumberOfMessages=2)) == ["first", "second"]
    assert bodies(work.receive(MaxNumberOfMessages=2)) == ["third"]


def test_messages_of_one_moment_come_in_the_order_in_which_they_were_sent(work):
    work.send("first")
    work.send("second")
    (first,) = work.receive(VisibilityTimeout=0)
    assert first["Body"] == "first"
    assert bodies(work.receive(MaxNumberOfMessages=10)) == ["first", "second"]


def test_a_message_that_is_shown_and_hidden_again_and_again_comes_once(work, clock, aws):
    work.send()
    (message,) = work.receive(VisibilityTimeout=30)
    for seconds in (40, 30, 40, 30):
        work.call(
            "ChangeMessageVisibility",
            ReceiptHandle=message["ReceiptHandle"],
            VisibilityTimeout=seconds,
        )
    assert aws.next_visible_at("work") == clock.now + 30_000
    clock.pass_seconds(30)
    assert len(work.receive(MaxNumberOfMessages=10)) == 1
    clock.pass_seconds(10)
    assert work.receive(MaxNumberOfMessages=10) == []


def test_a_batch_is_sent_as_far_as_it_is_right(work, aws):
    answer = work.call(
        "SendMessageBatch",
        Entries=[
            {"Id": "right", "MessageBody": "a"},
            {"Id": "wrong", "MessageBody": "b", "DelaySeconds": 901},
        ],
    )
    assert [each["Id"] for each in answer["Successful"]] == ["right"]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [
        ("wrong", "InvalidParameterValue")
    ]
    assert aws.messages("work") == ["a"]


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("SendMessage", {"MessageBody": ""}, "MissingParameter"),
        ("SendMessage", {"MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"),
        ("SendMessage", {"MessageBody": "a" * (1024 * 1024 + 1)}, "InvalidParameterValue"),
        ("SendMessageBatch", {"Entries": []}, "AWS.SimpleQueueService.EmptyBatchRequest"),
        (
            "SendMessageBatch",
            {"Entries": [{"Id": str(number), "MessageBody": "a"} for number in range(11)]},
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        (
            "SendMessageBatch",
            {"Entries": [{"Id": "a", "MessageBody": "a"}] * 2},
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        (
            "SendMessageBatch",
            {"Entries": [{"Id": each, "MessageBody": "a" * 600_000} for each in "ab"]},
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
        ("ReceiveMessage", {"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("ReceiveMessage", {"VisibilityTimeout": 43_201}, "InvalidParameterValue"),
        ("DeleteMessage", {"ReceiptHandle": "nonsense"}, "ReceiptHandleIsInvalid"),
    ],
)
def test_a_wrong_call_is_refused(work, operation, parameters, code):
    with pytest.raises(AwsError) as raised:
        work.call(operation, **parameters)
    assert raised.value.code == code


def test_an_unknown_queue_is_told(aws):
    with pytest.raises(AwsError, match="NonExistentQueue"):
        Queue(aws, "nowhere").send()


def test_none_of_a_fifo_group_overtakes_one_that_is_in_flight(clock):
    aws = MemoryAws(clock=clock, queues=[QueueSchema(name="orders.fifo", visibility_seconds=30)])
    queue = {"QueueUrl": aws.queue_url("orders.fifo")}
    for body, group in [("a1", "a"), ("a2", "a"), ("b1", "b")]:
        told = {"MessageGroupId": group, "MessageDeduplicationId": body}
        aws.call("sqs", "SendMessage", {**queue, "MessageBody": body, **told})

    def received(wanted):
        asked = {**queue, "MaxNumberOfMessages": wanted}
        messages = aws.call("sqs", "ReceiveMessage", asked).get("Messages", [])
        return [message["Body"] for message in messages]

    assert [received(1), received(10)] == [["a1"], ["b1"]]
    assert aws.next_visible_at("orders.fifo") == clock.now + 30_000
    clock.now += 30_000
    assert received(10) == ["a1", "a2", "b1"]
