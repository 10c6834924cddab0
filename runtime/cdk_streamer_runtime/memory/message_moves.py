"""SQS' message move tasks in memory: dead letters go back as time passes, at the pace asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.queue import Queue

MOST_PER_SECOND = 500


def queue_arn(name: str) -> str:
    """Give the name of a queue as AWS has it."""
    return f"arn:aws:sqs:memory:000000000000:{name}"


@dataclass(slots=True, kw_only=True)
class _Task:
    handle: str
    source: str
    destination: str
    per_second: int | None
    started_at: int
    to_move: int
    moved: int = 0
    status: str = "RUNNING"


class MemoryMessageMoves:
    """Tasks, the newest last; `operations` are by SQS' own names."""

    def __init__(self, queues: Mapping[str, Queue], clock: Callable[[], int]) -> None:
        self._queues = queues
        self._clock = clock
        self._tasks: list[_Task] = []
        self.operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "StartMessageMoveTask": self._start,
            "ListMessageMoveTasks": self._list,
            "CancelMessageMoveTask": self._cancel,
        }

    def pass_time(self) -> None:
        """Move what would have been moved by now."""
        for task in self._tasks:
            if task.status == "RUNNING":
                self._move(task)

    def _move(self, task: _Task) -> None:
        seconds = (self._clock() - task.started_at) / 1000
        pace = task.per_second or MOST_PER_SECOND
        source, destination = self._queues[task.source], self._queues[task.destination]
        visible = [each for each in source.messages.values() if each.visible_at <= self._clock()]
        wanted = min(task.to_move, int(seconds * pace)) - task.moved
        for message in visible[: max(wanted, 0)]:
            del source.messages[message.id]
            # It is another message: its receives no longer count.
            task.moved += 1
            anew = replace(message, id=f"{message.id}-{task.handle}", visible_at=self._clock())
            anew.receives, anew.first_received_at, anew.in_flight = 0, 0, False
            destination.add(anew)
        if task.moved >= task.to_move:
            task.status = "COMPLETED"

    def _start(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        source = self._name(parameters["SourceArn"])
        users = [
            queue.schema.name
            for queue in self._queues.values()
            if queue.schema.dead_letters == source
        ]
        if not users:
            raise _invalid("Source queue must be configured as a Dead Letter Queue.")
        if any(task.source == source and task.status == "RUNNING" for task in self._tasks):
            raise _invalid("There is already a task running.")
        per_second = parameters.get("MaxNumberOfMessagesPerSecond")
        if per_second is not None and not 1 <= per_second <= MOST_PER_SECOND:
            raise _invalid("MaxNumberOfMessagesPerSecond must be from 1 to 500")
        given = parameters.get("DestinationArn")
        task = _Task(
            handle=f"task-{len(self._tasks) + 1}",
            source=source,
            destination=self._name(given) if given else users[0],
            per_second=per_second,
            started_at=self._clock(),
            to_move=len(self._queues[source].messages),
        )
        self._tasks.append(task)
        return {"TaskHandle": task.handle}

    def _list(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        source = self._name(parameters["SourceArn"])
        found = [task for task in reversed(self._tasks) if task.source == source]
        wanted = parameters.get("MaxResults", 1)
        return {"Results": [_told(task) for task in found[:wanted]]} if found else {}

    def _cancel(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for task in self._tasks:
            if task.handle == parameters["TaskHandle"] and task.status == "RUNNING":
                task.status = "CANCELLED"
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise _unknown("TaskHandle")

    def _name(self, arn: str) -> str:
        name = arn.rpartition(":")[2]
        if name not in self._queues:
            raise _unknown("SourceArn")
        return name


def _told(task: _Task) -> dict[str, Any]:
    running = {"TaskHandle": task.handle} if task.status == "RUNNING" else {}
    pace = {} if task.per_second is None else {"MaxNumberOfMessagesPerSecond": task.per_second}
    return {
        **running,
        **pace,
        "Status": task.status,
        "SourceArn": queue_arn(task.source),
        "DestinationArn": queue_arn(task.destination),
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_at,
    }


def _invalid(message: str) -> AwsError:
    return aws_error("InvalidParameterValue", message, 400, "StartMessageMoveTask")


def _unknown(what: str) -> AwsError:
    return aws_error("ResourceNotFoundException", f"{what} does not exist", 404, "SQS")
