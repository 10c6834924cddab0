"""Queues answer alike in memory and in the engine; time passes in neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared."""

    aws: Aws
    url: str

    def ask(self, operation: str, **parameters: object) -> Any:
        """Give the answer without what is drawn by lot, or the code of the error."""
        try:
            answer = self.aws.call("sqs", operation, {"QueueUrl": self.url, **parameters})
        except AwsError as error:
            return error.code
        return _comparable(answer)


def _comparable(value: Any) -> Any:
    drawn = {"MessageId", "ReceiptHandle", "SenderId", "SequenceNumber", "Message"}
    if isinstance(value, dict):
        return {
            name: _comparable(each)
            for name, each in value.items()
            if name not in drawn and not name.endswith("Timestamp") and each != []
        }
    return [_comparable(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def sides(client, request) -> list[Side]:
    name = f"queue-{abs(hash(request.node.name))}"
    url = client.call("sqs", "CreateQueue", {"QueueName": name})["QueueUrl"]
    memory = MemoryAws(queues=[QueueSchema(name=name)])
    return [Side(aws=memory, url=memory.queue_url(name)), Side(aws=client, url=url)]


def asked(sides: list[Side], operation: str, **parameters: object) -> list[Any]:
    return [side.ask(operation, **parameters) for side in sides]


TEXT = {"DataType": "String", "StringValue": "Root=1-0;Sampled=1"}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("SendMessage", {"MessageBody": "hello"}),
        ("SendMessage", {"MessageBody": "Grüße 🚀"}),
        ("SendMessage", {"MessageBody": "hello", "DelaySeconds": 900}),
        ("ReceiveMessage", {}),
        ("ReceiveMessage", {"MaxNumberOfMessages": 11}),
        ("ReceiveMessage", {"MaxNumberOfMessages": 0}),
        ("SendMessageBatch", {"Entries": []}),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "a"}]}),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "a"}] * 2}),
        (
            "SendMessageBatch",
            {"Entries": [{"Id": f"{number}", "MessageBody": "a"} for number in range(11)]},
        ),
    ],
)
def test_a_call_is_answered_alike(sides, operation, parameters):
    answers = asked(sides, operation, **parameters)
    assert answers[0] == answers[1]


def test_a_message_is_received_alike(sides):
    asked(sides, "SendMessage", MessageBody="a", MessageSystemAttributes={"AWSTraceHeader": TEXT})
    answers = asked(sides, "ReceiveMessage", MessageSystemAttributeNames=["All"])
    assert answers[0] == answers[1]
    assert answers[0]["Messages"][0]["Attributes"]["AWSTraceHeader"] == TEXT["StringValue"]


def test_a_received_message_is_hidden_alike(sides):
    asked(sides, "SendMessage", MessageBody="a")
    asked(sides, "ReceiveMessage")
    assert asked(sides, "ReceiveMessage") == [{}, {}]


def test_a_delayed_message_is_hidden_alike(sides):
    asked(sides, "SendMessage", MessageBody="a", DelaySeconds=10)
    assert asked(sides, "ReceiveMessage") == [{}, {}]


def test_a_message_given_back_is_received_again_alike(sides):
    asked(sides, "SendMessage", MessageBody="a")
    for side in sides:
        answer = side.aws.call("sqs", "ReceiveMessage", {"QueueUrl": side.url})
        receipt = answer["Messages"][0]["ReceiptHandle"]
        side.ask("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=0)
    answers = asked(sides, "ReceiveMessage", MessageSystemAttributeNames=["All"])
    assert answers[0] == answers[1]
    assert answers[0]["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_deleted_message_is_gone_alike(sides):
    asked(sides, "SendMessage", MessageBody="a")
    for side in sides:
        answer = side.aws.call("sqs", "ReceiveMessage", {"QueueUrl": side.url})
        receipt = answer["Messages"][0]["ReceiptHandle"]
        side.ask("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=0)
        side.ask("DeleteMessage", ReceiptHandle=receipt)
    assert asked(sides, "ReceiveMessage") == [{}, {}]


def test_an_unknown_queue_is_told_alike(sides):
    elsewhere = [Side(aws=side.aws, url=f"{side.url}-not") for side in sides]
    answers = asked(elsewhere, "SendMessage", MessageBody="a")
    assert answers == ["AWS.SimpleQueueService.NonExistentQueue"] * 2
