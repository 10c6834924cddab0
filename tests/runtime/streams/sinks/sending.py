"""A world of all services in memory, and steps that are run without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.machines import machine_arn
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.topics import topic_arn
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.uow import UnitOfWork, merged, unit_of_work
from cdk_streamer_runtime.testing import IndexSchema, MemoryAws, QueueSchema, TableSchema
from tests.runtime.streams.surroundings import Counted, Named

TABLES = (
    TableSchema(
        name="things",
        partition_key="pk",
        sort_key="sk",
        indexes=(IndexSchema(name="by_owner", partition_key="owner", projection=None),),
    ),
    TableSchema(name="others", partition_key="pk"),
)
SECRET = "arn:aws:secretsmanager:memory:000000000000:secret:crm"
ADDRESSES = {
    "table": "things",
    "others": "others",
    "bus": "bus",
    "claims": "claims",
    "stream": "stream",
    "queue": "https://sqs.memory/000000000000/queue",
    "orders": "https://sqs.memory/000000000000/orders.fifo",
    "topic": topic_arn("topic"),
    "topic.fifo": topic_arn("topic.fifo"),
    "files": "files",
    "double": function_arn("double"),
    "broken": function_arn("broken"),
    "packing": machine_arn("packing"),
    "reminders": "reminders",
    "crm": SECRET,
}
TIMESTAMP = 1_700_000_000_000
TAGS = {"account": "123456789012", "region": "memory", "source": "orders-stream"}


def broken(payload: Any) -> Any:
    raise RuntimeError(payload)


class Recorder(MemoryAws):
    """AWS in memory, that tells what it was asked, and breaks where it is told to."""

    asked: list[tuple[str, Mapping[str, Any]]]
    lost: dict[str, list[Exception]]

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, parameters))
        answer = super().call(service, operation, parameters)
        if self.lost.get(operation):
            raise self.lost[operation].pop(0)  # it was done, and nobody knows
        return answer

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.asked)


class Surroundings:
    """A world and what stands behind it."""

    def __init__(self, *, without: tuple[str, ...] = (), **changes: Any) -> None:
        self.platform = MemoryPlatform()
        self.aws = Recorder(
            clock=self.platform.clock,
            tables=TABLES,
            queues=[QueueSchema(name="queue"), QueueSchema(name="orders.fifo")],
            secrets={SECRET: "Bearer token"},
            buckets=["files", "claims"],
            buses=["bus"],
            data_streams=["stream"],
            topics=["topic", "topic.fifo"],
            machines=["packing"],
            schedule_groups=["reminders"],
            functions={"double": lambda number: 2 * number, "broken": broken},
        )
        self.aws.asked, self.aws.lost = [], {}
        self.meter = Counted()
        self.world = World(
            aws=self.aws,
            platform=self.platform,
            resources=Named(**{n: a for n, a in ADDRESSES.items() if n not in without}),
            meter=self.meter,
            deadline=self.platform.now + 60_000,
            tags=TAGS,
            **changes,
        )

    def send(self, step: Call | BulkCall, *units: UnitOfWork) -> list[Any]:
        """Give what a step makes of units of work: a unit, None, or the error it met."""
        return sent(self.world, step, *units)


def sent(world: World, step: Call | BulkCall, *units: UnitOfWork) -> list[Any]:
    """Give what a step makes of units of work in this world."""
    if isinstance(step, Call):
        return [step.send(unit, world) for unit in units]
    entries = [step.prepare(unit, world) for unit in units]
    values = [entry.value for entry in entries if entry is not None]
    answers = iter(step.send(values, world) if values else [])
    return [
        unit if entry is None else _answered(unit, step, next(answers))
        for unit, entry in zip(units, entries, strict=True)
    ]


def _answered(unit: UnitOfWork, step: BulkCall, answer: Any) -> Any:
    return answer if isinstance(answer, Exception) else unit.extend(**{step.response: answer})


def unit(
    id: str = "1",
    *,
    key: str = "thing-1",
    sequence: str | None = None,
    group: str | None = None,
    timestamp: int = TIMESTAMP,
    record: Any = None,
    **scope: Any,
) -> UnitOfWork:
    """Give a unit of work with this in its scope."""
    event = Event({"id": id, "type": "thing-created", "timestamp": timestamp, "partitionKey": key})
    made = unit_of_work(record, event, Place(id, id, sequence, group))
    return made.extend(**scope) if scope else made


def event(id: str = "1", **members: Any) -> dict[str, Any]:
    """Give an event to emit."""
    return {
        "id": f"{id}.cdc",
        "type": "thing-published",
        "timestamp": TIMESTAMP,
        "partitionKey": "thing-1",
        **members,
    }


def batch(*units: UnitOfWork) -> UnitOfWork:
    return merged(units)
