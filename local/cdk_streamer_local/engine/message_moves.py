"""Moves messages out of dead-letter queues, which the engine cannot; in the engine's process.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

_MOST_A_SECOND = 500
_MOST_LISTED = 10
_ABSENT = 404
_FORBIDDEN = 403
# What the service reads and deletes as, when it moves for somebody.
_TAKING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_SENDING = "sqs:SendMessage"
_SOURCE = "DeadLetterQueueSourceArn"

Json = dict[str, Any]
Start = Callable[[Callable[[], None]], object]


class Judge(Protocol):
    """Who knows what the caller may do."""

    def refusal(self, action: str, arn: str) -> str | None:
        """Tell why the caller may not do this to a resource, or None if it may."""
        ...


class Status(StrEnum):
    """How far a task is."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


@dataclass(slots=True, kw_only=True)
class Task:
    """The moving of what was in a queue when it began."""

    source: str
    destination: str | None
    per_second: int | None
    messages: list[str]
    handle: str
    started: float
    moved: int = 0
    status: Status = Status.RUNNING
    reason: str | None = None

    def document(self) -> Json:
        """Give it as ListMessageMoveTasks does."""
        told: Mapping[str, object] = {
            "TaskHandle": self.handle if self.status is Status.RUNNING else None,
            "Status": self.status.value,
            "SourceArn": self.source,
            "DestinationArn": self.destination,
            "MaxNumberOfMessagesPerSecond": self.per_second,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": len(self.messages),
            "FailureReason": self.reason,
            "StartedTimestamp": int(self.started * 1000),
        }
        return {name: value for name, value in told.items() if value is not None}


class MessageMoves:
    """The three operations about moving messages, on the engine's queues."""

    def __init__(
        self,
        queues: Any,  # noqa: ANN401 - a module of the engine
        lock: Any,  # noqa: ANN401
        judge: Judge,
        wake: Callable[[], None],
        *,
        start: Start | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take what guards the queues, and whom to tell that a queue has new messages."""
        self._queues = queues
        self._lock = lock
        self._judge = judge
        self._wake = wake
        self._begin = start or _beside
        self._sleep = sleep
        self._tasks: dict[str, list[Task]] = {}  # by source, the latest first

    def serve(self) -> None:
        """Have the engine answer these operations."""
        self._queues._HANDLERS |= {  # noqa: SLF001
            "StartMessageMoveTask": self.start,
            "ListMessageMoveTasks": self.list,
            "CancelMessageMoveTask": self.cancel,
        }

    def start(self, asked: Json, _url: str) -> Json:
        """Begin a task, unless one is running; raises the engine's errors."""
        source, destination = asked.get("SourceArn") or "", asked.get("DestinationArn")
        self._need(source, *_TAKING)
        queue = self._queue(source, "SourceArn")
        per_second = _rate(asked.get("MaxNumberOfMessagesPerSecond"), self._invalid)
        if not self._is_dead_letter_queue(source):
            raise self._invalid("Source queue must be configured as a Dead Letter Queue.")
        if destination:
            self._check_destination(queue, source, destination)
        with self._lock:
            tasks = self._tasks.setdefault(source, [])
            if any(task.status is Status.RUNNING for task in tasks):
                raise self._invalid(
                    "There is already a task running. Only one active task is allowed for a "
                    "source queue arn at a given time."
                )
            now = time.time()
            task = Task(
                source=source,
                destination=destination,
                per_second=per_second,
                messages=[each["id"] for each in queue["messages"] if each["visible_at"] <= now],
                handle=_handle(source),
                started=now,
            )
            tasks.insert(0, task)
        self._begin(lambda: self._run(task, queue))
        return {"TaskHandle": task.handle}

    def list(self, asked: Json, _url: str) -> Json:
        """Give the latest tasks of a source."""
        source, most = asked.get("SourceArn") or "", int(asked.get("MaxResults") or 1)
        self._need(source, *_TAKING)
        self._queue(source, "SourceArn")
        if not 1 <= most <= _MOST_LISTED:
            raise self._invalid("Value for parameter MaxResults is invalid.")
        return {"Results": [task.document() for task in self._tasks.get(source, [])[:most]]}

    def cancel(self, asked: Json, _url: str) -> Json:
        """End a running task; what was moved stays where it is."""
        source = source_of(asked)
        if source is None:
            raise self._invalid("Value for parameter TaskHandle is invalid.")
        self._need(source, *_TAKING)
        self._queue(source, "SourceArn")
        with self._lock:
            for task in self._tasks.get(source, []):
                if task.handle == asked["TaskHandle"] and task.status is Status.RUNNING:
                    task.status = Status.CANCELLED
                    return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise self._error("ResourceNotFoundException", "Task does not exist.", _ABSENT)

    # --- moving

    def _run(self, task: Task, queue: Json) -> None:
        for message in task.messages:
            with self._lock:
                if task.status is not Status.RUNNING:
                    return
                self._move(task, queue, message)
            if task.per_second:
                self._sleep(1 / task.per_second)
        with self._lock:
            if task.status is Status.RUNNING:
                task.status = Status.COMPLETED

    def _move(self, task: Task, queue: Json, id: str) -> None:
        now = time.time()
        found = [each for each in queue["messages"] if each["id"] == id]
        if not found or found[0]["visible_at"] > now:
            return  # somebody else has it
        message: Json = found[0]
        arn = task.destination or message.get("sys", {}).get(_SOURCE)
        destination = self._queues._queue_by_arn(arn) if arn else None  # noqa: SLF001
        if destination is None:
            task.status = Status.FAILED
            task.reason = (
                "AWS.SimpleQueueService.NonExistentQueue"
                if arn
                else "CouldNotDetermineMessageSource"
            )
            return
        queue["messages"].remove(message)
        destination["messages"].append(self._renewed(message, destination, now))
        task.moved += 1
        self._wake()

    def _renewed(self, message: Json, destination: Json, now: float) -> Json:
        """Give what is a new message on AWS too: with an id of its own, and never received."""
        known = {name: text for name, text in message["sys"].items() if name != _SOURCE}
        renewed: Json = {
            **message,
            "id": str(uuid.uuid4()),
            "receipt_handle": None,
            "sent_at": now,
            "enqueued_at": now,
            "visible_at": now + self._queues.queue_delay(destination),
            "receive_count": 0,
            "first_receive_at": None,
            "sys": {**known, "SentTimestamp": str(int(now * 1000))},
        }
        if destination["is_fifo"]:
            destination["fifo_seq"] += 1
            renewed["seq"] = str(destination["fifo_seq"]).zfill(20)
            # What is dead-lettered from a FIFO queue has its message's id in this place.
            renewed["dedup_id"] = message["id"]
        return renewed

    # --- refusing

    def _check_destination(self, queue: Json, source: str, destination: str) -> None:
        refused = self._judge.refusal(_SENDING, destination)
        if refused:
            raise self._error("AccessDenied", refused, _FORBIDDEN)
        if destination == source:
            raise self._invalid("Source and destination queues must be different.")
        if self._queue(destination, "DestinationArn")["is_fifo"] != queue["is_fifo"]:
            raise self._invalid("Source and destination queues must be of the same type.")

    def _need(self, arn: str, *actions: str) -> None:
        for action in actions if arn.startswith("arn:") else ():
            refused = self._judge.refusal(action, arn)
            if refused:
                raise self._error("AccessDenied", refused, _FORBIDDEN)

    def _queue(self, arn: str, parameter: str) -> Json:
        queue = self._queues._queue_by_arn(arn)  # noqa: SLF001
        if queue is None:
            what = f"The resource that you specified for the {parameter} parameter doesn't exist."
            raise self._error("ResourceNotFoundException", what, _ABSENT)
        return queue

    def _is_dead_letter_queue(self, arn: str) -> bool:
        policies = [
            json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
            for queue in list(self._queues._queues._data.values())  # noqa: SLF001
        ]
        return any(policy.get("deadLetterTargetArn") == arn for policy in policies)

    def _invalid(self, message: str) -> Exception:
        return self._error("InvalidParameterValue", message, 400)

    def _error(self, code: str, message: str, status: int) -> Exception:
        return self._queues._Err(code, message, status)  # noqa: SLF001


def source_of(asked: Mapping[str, Any]) -> str | None:
    """Give the queue that a call is about: named, or in the handle of a task."""
    if "SourceArn" in asked:
        return str(asked["SourceArn"])
    try:
        return str(json.loads(base64.b64decode(asked.get("TaskHandle") or ""))["sourceArn"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None


def _handle(source: str) -> str:
    told = {"taskId": str(uuid.uuid4()), "sourceArn": source}
    return base64.b64encode(json.dumps(told).encode()).decode()


def _rate(asked: object, invalid: Callable[[str], Exception]) -> int | None:
    if asked is None:
        return None
    if not isinstance(asked, int) or not 1 <= asked <= _MOST_A_SECOND:
        raise invalid("Value for parameter MaxNumberOfMessagesPerSecond is invalid.")
    return asked


def _beside(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="message-moves", daemon=True).start()
