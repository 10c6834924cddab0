"""SQS queues in memory, on the caller's clock: delay, visibility, receives, redrive.

A FIFO queue, whose name ends so, wants groups and takes a message once in five minutes. Within a
group it gives messages in their order, and none while one is in flight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.message_moves import MemoryMessageMoves
from cdk_streamer_runtime.memory.queue import FIFO, Message, Queue, QueueSchema

__all__ = ["BATCH", "DELAY_SECONDS", "MESSAGE_BYTES", "MemoryQueues", "QueueSchema"]

MESSAGE_BYTES = 1024 * 1024  # of one message, and of all in a batch
DELAY_SECONDS = 900
VISIBILITY_SECONDS = 12 * 60 * 60
BATCH = 10
PREFIX = "AWS.SimpleQueueService."
DEDUPLICATION_MILLISECONDS = 5 * 60 * 1000


class MemoryQueues:
    """Queues by name and the operations on them; a queue's URL ends with its name."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._sent = 0
        self._operations: dict[str, Callable[[Queue, Mapping[str, Any]], dict[str, Any]]] = {
            "SendMessage": self._send,
            "SendMessageBatch": self._send_batch,
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "ChangeMessageVisibility": self._change_visibility,
            "DeleteMessageBatch": partial(_each, self._delete),
            "ChangeMessageVisibilityBatch": partial(_each, self._change_visibility),
            "GetQueueAttributes": self._attributes,
        }
        self._moves = MemoryMessageMoves(self._queues, clock)

    def create(self, schema: QueueSchema) -> None:
        """Add an empty queue."""
        self._queues[schema.name] = Queue(schema)

    def bodies(self, name: str) -> list[str]:
        """Give the bodies of all messages in a queue, delayed and in flight ones too."""
        return [message.body for message in self._queues[name].messages.values()]

    def next_visible_at(self, name: str) -> int | None:
        """Give the time of the next message that can be received, None when the queue is empty."""
        message = self._queues[name].first()
        return None if message is None else message.visible_at

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        self._moves.pass_time()
        if operation in self._moves.operations:
            return self._moves.operations[operation](parameters)
        act = self._operations.get(operation)
        if act is None:
            raise NotImplementedError(f"SQS' {operation} is not known to MemoryAws")
        queue = self._queues.get(str(parameters["QueueUrl"]).rpartition("/")[2])
        if queue is None:
            raise aws_error(
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist.",
                400,
                operation,
            )
        return act(queue, parameters)

    def _send(self, queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body: str = parameters.get("MessageBody", "")
        if not body:
            raise _error("MissingParameter", "The request must contain MessageBody")
        if len(body.encode()) > MESSAGE_BYTES:
            raise _error("InvalidParameterValue", "One or more parameters are invalid: too long")
        delay = parameters.get("DelaySeconds", queue.schema.delay_seconds)
        if not 0 <= delay <= DELAY_SECONDS:
            raise _error("InvalidParameterValue", "DelaySeconds must be from 0 to 900")
        now = self._clock()
        fifo = _fifo_attributes(queue, parameters)
        known_at, known = queue.known.get(fifo.get("MessageDeduplicationId", ""), (0, ""))
        if known and now - known_at < DEDUPLICATION_MILLISECONDS:
            return {"MessageId": known, "MD5OfMessageBody": _digest(body)}
        self._sent += 1
        system: Mapping[str, Any] = parameters.get("MessageSystemAttributes", {})
        message = Message(
            id=f"00000000-0000-4000-8000-{self._sent:012x}",
            body=body,
            visible_at=now + delay * 1000,
            sent_at=now,
            attributes=dict(parameters.get("MessageAttributes", {})),
            system_attributes={key: value["StringValue"] for key, value in system.items()} | fifo,
        )
        if fifo:
            queue.known[fifo["MessageDeduplicationId"]] = (now, message.id)
        queue.add(message)
        return {"MessageId": message.id, "MD5OfMessageBody": _digest(body)}

    def _send_batch(self, queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
        entries = _entries(parameters)
        if sum(len(str(entry["MessageBody"]).encode()) for entry in entries) > MESSAGE_BYTES:
            raise _error(f"{PREFIX}BatchRequestTooLong", "Batch requests cannot be longer")
        return _each(self._send, queue, parameters)

    def _receive(self, queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
        wanted = parameters.get("MaxNumberOfMessages", 1)
        visibility = parameters.get("VisibilityTimeout", queue.schema.visibility_seconds)
        if not 1 <= wanted <= BATCH:
            raise _error("InvalidParameterValue", "MaxNumberOfMessages must be from 1 to 10")
        _check_visibility(visibility)
        now = self._clock()
        dead_letters = queue.schema.dead_letters
        received = queue.take(
            wanted, now, None if dead_letters is None else self._queues[dead_letters]
        )
        for message in received:
            message.receives += 1
            message.first_received_at = message.first_received_at or now
            message.in_flight = True
            queue.show(message, now + visibility * 1000)
        return {"Messages": [_received(message) for message in received]} if received else {}

    def _delete(self, queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
        message = _by_receipt(queue, parameters["ReceiptHandle"])
        if message is not None:
            del queue.messages[message.id]
        return {}

    def _change_visibility(self, queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
        visibility = parameters["VisibilityTimeout"]
        _check_visibility(visibility)
        message = _by_receipt(queue, parameters["ReceiptHandle"])
        now = self._clock()
        if message is None or not message.in_flight or message.visible_at <= now:
            raise _error("AWS.SimpleQueueService.MessageNotInflight", "The message is not received")
        queue.show(message, now + visibility * 1000)
        return {}

    def _attributes(self, queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Count at once, where SQS takes a minute; it knows no other attributes."""
        counts = queue.counts(self._clock())
        asked: list[str] = list(parameters.get("AttributeNames", []))
        return {"Attributes": {name: str(counts[name]) for name in asked}}


def _each(
    act: Callable[[Queue, Mapping[str, Any]], dict[str, Any]],
    queue: Queue,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Do one operation for each entry of a call."""
    answer: dict[str, list[dict[str, Any]]] = {"Successful": [], "Failed": []}
    for entry in _entries(parameters):
        try:
            done = act(queue, entry)
        except AwsError as error:
            fault = {"Code": error.code, "Message": error.message, "SenderFault": True}
            answer["Failed"].append({"Id": entry["Id"], **fault})
        else:
            answer["Successful"].append({"Id": entry["Id"], **done})
    return {kind: results for kind, results in answer.items() if results}


def _entries(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = list(parameters["Entries"])
    if not entries:
        raise _error(f"{PREFIX}EmptyBatchRequest", "There should be at least one entry")
    if len(entries) > BATCH:
        raise _error(f"{PREFIX}TooManyEntriesInBatchRequest", "Maximum number of entries is 10")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise _error(f"{PREFIX}BatchEntryIdsNotDistinct", "An id is repeated")
    return entries


def _fifo_attributes(queue: Queue, parameters: Mapping[str, Any]) -> dict[str, str]:
    if not queue.schema.name.endswith(FIFO):
        return {}
    group, own = (parameters.get(f"Message{name}Id") for name in ("Group", "Deduplication"))
    if not group or not own:
        raise _error("MissingParameter", "The request must contain a group and a deduplication id")
    return {"MessageGroupId": group, "MessageDeduplicationId": own}


def _by_receipt(queue: Queue, receipt: str) -> Message | None:
    """Give the message, None when it is gone or was received again since."""
    message_id, separator, receives = receipt.partition("#")
    if not separator:
        raise _error("ReceiptHandleIsInvalid", "The input receipt handle is invalid")
    message = queue.messages.get(message_id)
    return message if message is not None and str(message.receives) == receives else None


def _received(message: Message) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_at),
        "SentTimestamp": str(message.sent_at),
        "SenderId": "memory",
        **message.system_attributes,
    }
    answer: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": f"{message.id}#{message.receives}",
        "Body": message.body,
        "MD5OfBody": _digest(message.body),
        "Attributes": attributes,
    }
    return answer | ({"MessageAttributes": message.attributes} if message.attributes else {})


def _check_visibility(seconds: int) -> None:
    if not 0 <= seconds <= VISIBILITY_SECONDS:
        raise _error("InvalidParameterValue", "VisibilityTimeout must be from 0 to 43200")


def _error(code: str, message: str) -> AwsError:
    return aws_error(code, message, 400, "SQS")


def _digest(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
