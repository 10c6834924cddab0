"""Move tasks: what was dead-lettered goes back to a queue, at a bounded rate, as new messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.runtime.simulation.scheduler import Group, Scheduler
from tests.runtime.sinks.simulation.queues import Queue, error

FASTEST = 500


@dataclass(slots=True, kw_only=True)
class Task:
    """One task. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""

    handle: str
    source: Queue
    target: Queue
    rate: int
    status: str = "RUNNING"
    moved: int = 0


class Moves:
    """The tasks of all queues; of one queue one runs at a time."""

    def __init__(self, scheduler: Scheduler, queues: list[Queue]) -> None:
        self._scheduler = scheduler
        self._queues = {queue.arn: queue for queue in queues}
        self._tasks: list[Task] = []

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        match operation:
            case "StartMessageMoveTask":
                return self._start(parameters)
            case "ListMessageMoveTasks":
                return self._list(parameters)
            case "CancelMessageMoveTask":
                return self._cancel(parameters)
            case _:
                raise NotImplementedError(f"{operation} is not known to the simulated SQS")

    def _start(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        source = self._queues[parameters["SourceArn"]]
        target = self._queues[parameters["DestinationArn"]]
        rate = parameters.get("MaxNumberOfMessagesPerSecond", FASTEST)
        if all(queue.dead_letters is not source for queue in self._queues.values()):
            raise error("InvalidParameterValue", "Source queue must be a dead-letter queue")
        if not 1 <= rate <= FASTEST:
            raise error("InvalidParameterValue", "MaxNumberOfMessagesPerSecond is from 1 to 500")
        if any(each.source is source and each.status == "RUNNING" for each in self._tasks):
            raise error("AWS.SimpleQueueService.UnsupportedOperation", "a task runs already")
        task = Task(handle=f"task-{len(self._tasks)}", source=source, target=target, rate=rate)
        self._tasks.append(task)
        self._scheduler.spawn(Group("move task"), lambda: self._run(task))
        return {"TaskHandle": task.handle}

    def _list(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        of = [each for each in self._tasks if each.source.arn == parameters["SourceArn"]]
        of = of[::-1][: parameters.get("MaxResults", 1)]
        return {"Results": [_told(each) for each in of]}

    def _cancel(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for task in self._tasks:
            if task.handle == parameters["TaskHandle"] and task.status == "RUNNING":
                task.status = "CANCELLED"
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise error("ResourceNotFoundException", "there is no such task", 404)

    def _run(self, task: Task) -> None:
        while task.source.messages and task.status == "RUNNING":
            self._scheduler.sleep(1000 // task.rate)
            message = next(iter(task.source.messages.values()), None)
            if message is None:
                break
            del task.source.messages[message.id]
            own = {"MessageGroupId": message.group, "MessageDeduplicationId": message.id}
            task.target.send(
                {
                    "MessageBody": message.body,
                    "MessageAttributes": message.attributes,
                    **(own if task.target.fifo else {}),
                }
            )
            task.moved += 1
        task.status = "COMPLETED" if task.status == "RUNNING" else task.status


def _told(task: Task) -> dict[str, Any]:
    return {
        "Status": task.status,
        "SourceArn": task.source.arn,
        "DestinationArn": task.target.arn,
        "MaxNumberOfMessagesPerSecond": task.rate,
        "ApproximateNumberOfMessagesMoved": task.moved,
        **({"TaskHandle": task.handle} if task.status == "RUNNING" else {}),
    }
