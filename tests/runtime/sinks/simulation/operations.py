"""The operations of SQS, on queues by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.errors import AwsError
from tests.runtime.sinks.simulation.moves import Moves
from tests.runtime.sinks.simulation.queues import BATCH, Message, Queue, error

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
PREFIX = "AWS.SimpleQueueService."


class Operations:
    """What SQS answers; counts may be behind by `lag` milliseconds."""

    def __init__(self, queues: list[Queue], moves: Moves, lag: Callable[[], int]) -> None:
        self._queues = {queue.name: queue for queue in queues}
        self._moves = moves
        self._lag = lag
        self._counted: dict[str, tuple[int, dict[str, str]]] = {}
        self._acts: dict[str, Callable[[Queue, Parameters], Answer]] = {
            "SendMessage": self._send,
            "SendMessageBatch": self._each("MessageBody", self._send),
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": self._each("ReceiptHandle", self._delete),
            "ChangeMessageVisibility": self._hide,
            "ChangeMessageVisibilityBatch": self._each("VisibilityTimeout", self._hide),
            "GetQueueAttributes": self._attributes,
        }

    def call(self, operation: str, parameters: Parameters) -> Answer:
        """Do one operation; raises AwsError."""
        if operation.endswith(("MoveTask", "MoveTasks")):
            return self._moves.call(operation, parameters)
        act = self._acts.get(operation)
        if act is None:
            raise NotImplementedError(f"{operation} is not known to the simulated SQS")
        queue = self._queues.get(str(parameters["QueueUrl"]).rpartition("/")[2])
        if queue is None:
            raise error(PREFIX + "NonExistentQueue", "The specified queue does not exist.")
        return act(queue, parameters)

    def _send(self, queue: Queue, parameters: Parameters) -> Answer:
        return {"MessageId": queue.send(parameters), "MD5OfMessageBody": ""}

    def _receive(self, queue: Queue, parameters: Parameters) -> Answer:
        most = parameters.get("MaxNumberOfMessages", 1)
        if not 1 <= most <= BATCH:
            raise error("InvalidParameterValue", "MaxNumberOfMessages must be from 1 to 10")
        seconds = parameters.get("VisibilityTimeout")
        found = queue.receive(most, None if seconds is None else seconds * 1000)
        return {"Messages": [_received(message) for message in found]} if found else {}

    def _delete(self, queue: Queue, parameters: Parameters) -> Answer:
        queue.delete(parameters["ReceiptHandle"])
        return {}

    def _hide(self, queue: Queue, parameters: Parameters) -> Answer:
        queue.hide(parameters["ReceiptHandle"], parameters["VisibilityTimeout"])
        return {}

    def _attributes(self, queue: Queue, parameters: Parameters) -> Answer:
        del parameters
        now = queue.clock()
        counted_at, counts = self._counted.get(queue.name, (0, {}))
        if now - counted_at >= self._lag():
            counted_at, counts = now, queue.counts(now)
            self._counted[queue.name] = counted_at, counts
        return {"Attributes": counts | {"QueueArn": queue.arn}}

    def _each(
        self, member: str, act: Callable[[Queue, Parameters], Answer]
    ) -> Callable[[Queue, Parameters], Answer]:
        def of_all(queue: Queue, parameters: Parameters) -> Answer:
            entries: list[Parameters] = list(parameters["Entries"])
            _check_batch(entries)
            answer: dict[str, list[Answer]] = {"Successful": [], "Failed": []}
            for entry in entries:
                if member not in entry:
                    raise error("MissingParameter", f"The request must contain {member}")
                try:
                    answer["Successful"].append({"Id": entry["Id"], **act(queue, entry)})
                except AwsError as refusal:
                    fault = {"Code": refusal.code, "Message": "", "SenderFault": True}
                    answer["Failed"].append({"Id": entry["Id"], **fault})
            return {kind: results for kind, results in answer.items() if results}

        return of_all


def _check_batch(entries: list[Parameters]) -> None:
    if not entries:
        raise error(PREFIX + "EmptyBatchRequest", "There should be at least one entry")
    if len(entries) > BATCH:
        raise error(PREFIX + "TooManyEntriesInBatchRequest", "Maximum is 10")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise error(PREFIX + "BatchEntryIdsNotDistinct", "An id is repeated")


def _received(message: Message) -> Answer:
    attributes = {"MessageAttributes": message.attributes} if message.attributes else {}
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": "",
        "Attributes": message.system(),
        **attributes,
    }


def record_of(message: Message, arn: str) -> Answer:
    """Give a message as an event source passes it on."""
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": message.system(),
        "messageAttributes": {
            name: {
                "dataType": value["DataType"],
                "stringListValues": [],
                "binaryListValues": [],
                **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
                **({"binaryValue": value["BinaryValue"]} if "BinaryValue" in value else {}),
            }
            for name, value in message.attributes.items()
        },
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "eu-west-1",
    }
