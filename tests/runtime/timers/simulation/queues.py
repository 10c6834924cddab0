"""SQS as timers use it: what `memory.queues` does, without looking at every message each time.

A test shows that both give out the same messages at the same moments.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.queues import (
    BATCH,
    DELAY_SECONDS,
    MESSAGE_BYTES,
    QueueSchema,
)

DEDUPLICATION = 300_000  # milliseconds, of a FIFO queue
POISON = "poison"  # a queue that knows it refuses it for ever
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Entry = Mapping[str, Any]


@dataclass(eq=False, slots=True)
class Message:
    """A message and what became of it."""

    id: str
    body: str
    attributes: Mapping[str, Any]
    sender: str
    sent_at: int
    visible_at: int
    receives: int = 0
    gone: bool = False


@dataclass(eq=False, slots=True)
class Queue:
    """One queue. A `fifo` one drops what has the same content as another of five minutes."""

    schema: QueueSchema
    fifo: bool = False
    poison: bool = False
    on_send: list[Callable[[Message], None]] = field(default_factory=list)
    sent: int = 0
    dropped: int = 0
    on_dead: list[Callable[[Message], None]] = field(default_factory=list)
    _heap: list[tuple[int, int, Message]] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)
    _pushes: int = 0

    def send(self, entry: Entry, sender: str, now: int) -> str:
        """Take a message and give its id; raises AwsError for what SQS refuses."""
        body: str = entry.get("MessageBody", "")
        delay = entry.get("DelaySeconds", self.schema.delay_seconds)
        _check(body, delay)
        if self.poison and POISON in body:
            raise _error("InvalidMessageContents", "The message contains what is not allowed")
        if self.fifo and "DelaySeconds" in entry:
            raise _error("InvalidParameterValue", "a FIFO queue knows no delay of a message")
        self.sent += 1
        message = Message(
            id=f"00000000-0000-4000-8000-{self.sent:012x}",
            body=body,
            attributes=entry.get("MessageAttributes", {}),
            sender=sender,
            sent_at=now,
            visible_at=now + delay * 1000,
        )
        if self.fifo and self._is_known(entry.get("MessageDeduplicationId") or body, now):
            self.dropped += 1
        else:
            self._push(message)
            for hear in self.on_send:
                hear(message)
        return message.id

    def receive(self, now: int, most: int = BATCH) -> list[Message]:
        """Give up to so many messages that are visible, which then are not for a while."""
        received: list[Message] = []
        while len(received) < most and (due := self.next_visible_at()) is not None and due <= now:
            message = heapq.heappop(self._heap)[2]
            if message.receives >= self.schema.max_receives:
                message.gone = True
                for hear in self.on_dead:
                    hear(message)
                continue
            message.receives += 1
            message.visible_at = now + self.schema.visibility_seconds * 1000
            self._push(message)
            received.append(message)
        return received

    def delete(self, message: Message) -> None:
        """Forget a message."""
        message.gone = True

    def next_visible_at(self) -> int | None:
        """Give when the next message can be received; None: the queue is empty."""
        while self._heap and self._heap[0][2].gone:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _push(self, message: Message) -> None:
        self._pushes += 1
        heapq.heappush(self._heap, (message.visible_at, self._pushes, message))

    def _is_known(self, content: str, now: int) -> bool:
        key = hashlib.sha256(content.encode()).hexdigest()
        known = now - self._known.get(key, -DEDUPLICATION) < DEDUPLICATION
        if not known:
            self._known[key] = now
        return known


class Queues:
    """Queues by name, and the operations that send to them; a URL ends with the queue's name."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._queues: dict[str, Queue] = {}

    def __getitem__(self, name: str) -> Queue:
        return self._queues[name]

    def create(self, schema: QueueSchema, *, fifo: bool = False, poison: bool = False) -> Queue:
        """Add an empty queue."""
        self._queues[schema.name] = queue = Queue(schema, fifo, poison)
        return queue

    def url(self, name: str) -> str:
        """Give the address of a queue."""
        return f"https://sqs.memory/000000000000/{name}"

    def call(self, operation: str, parameters: Entry, sender: str) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        queue = self._queues[str(parameters["QueueUrl"]).rpartition("/")[2]]
        if operation == "SendMessage":
            return {"MessageId": queue.send(parameters, sender, self._clock())}
        if operation != "SendMessageBatch":
            raise NotImplementedError(f"{operation} is not known to the simulated SQS")
        entries: list[Entry] = list(parameters["Entries"])
        if not entries:
            raise _error("AWS.SimpleQueueService.EmptyBatchRequest", "There is no entry")
        if len(entries) > BATCH:
            raise _error("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "More than 10")
        if len({entry["Id"] for entry in entries}) < len(entries):
            raise _error("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "An id is repeated")
        if sum(len(str(entry["MessageBody"]).encode()) for entry in entries) > MESSAGE_BYTES:
            raise _error("AWS.SimpleQueueService.BatchRequestTooLong", "too long")
        answer: dict[str, list[dict[str, Any]]] = {}
        for entry in entries:
            try:
                sent = {"Id": entry["Id"], "MessageId": queue.send(entry, sender, self._clock())}
                answer.setdefault("Successful", []).append(sent)
            except AwsError as error:
                fault = {"Code": error.code, "Message": error.message, "SenderFault": True}
                answer.setdefault("Failed", []).append({"Id": entry["Id"], **fault})
        return answer


def _check(body: str, delay: int) -> None:
    if not body:
        raise _error("MissingParameter", "The request must contain MessageBody")
    if len(body) > MESSAGE_BYTES // 4 and len(body.encode()) > MESSAGE_BYTES:
        raise _error("InvalidParameterValue", "One or more parameters are invalid: too long")
    if not body.isascii() and _FORBIDDEN.search(body):
        raise _error("InvalidMessageContents", "The message contains characters outside the set")
    if not 0 <= delay <= DELAY_SECONDS:
        raise _error("InvalidParameterValue", "DelaySeconds must be from 0 to 900")


def _error(code: str, message: str) -> AwsError:
    return aws_error(code, message, 400, "SQS")
