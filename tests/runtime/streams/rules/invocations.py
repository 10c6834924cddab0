"""Invocations of an app with AWS in memory: a table, a bus and a queue that keep what they get."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cdk_streamer_runtime.attributes import unmarshal_item
from cdk_streamer_runtime.contract.streams import ResourceKind, StreamMetric
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams import StreamApp, World
from cdk_streamer_runtime.streams.rules.rule import Rule
from cdk_streamer_runtime.testing import MemoryAws, QueueSchema, TableSchema

NAMES = {"table": "things", "view": "views", "bus": "the-bus", "mails": "mails"}
TAGS = {"region": "eu-west-1", "source": "orders", "functionname": "orders-fn"}
DONE = {"batchItemFailures": []}


class Aws(MemoryAws):
    """AWS in memory whose bus keeps what is published."""

    def __init__(self, clock: Any) -> None:
        tables = [
            TableSchema(name=name, partition_key="pk", sort_key="sk", stream=True)
            for name in ("things", "views")
        ]
        super().__init__(clock=clock, tables=tables, queues=[QueueSchema(name="mails")])
        self.published: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.consistent: list[bool] = []  # one for each read of an item

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(operation)
        if operation == "GetItem":
            self.consistent.append(parameters.get("ConsistentRead", False))
        if service != "events":
            return super().call(service, operation, parameters)
        self.published += [json.loads(entry["Detail"]) for entry in parameters["Entries"]]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in parameters["Entries"]]}


class Meter:
    def __init__(self) -> None:
        self.counts = Counter[str]()

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        del pipeline, step
        self.counts[metric] += value

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        del pipeline, step
        self.counts[metric] += len(values)


class Invocations:
    """One app, invoked again and again."""

    def __init__(self, *rules: Rule) -> None:
        self.platform = MemoryPlatform()
        self.aws = Aws(self.platform.clock)
        self.meter = Meter()
        self.source = TAGS["source"]
        self.app = StreamApp(rules=rules)

    def address(self, kind: ResourceKind, name: str, /) -> str:
        return self.aws.queue_url(name) if kind is ResourceKind.QUEUE else NAMES[name]

    def world(self) -> World:
        return World(
            aws=self.aws,
            platform=self.platform,
            resources=self,
            meter=self.meter,
            deadline=START + 60_000,
            tags={**TAGS, "source": self.source},
        )

    def run(self, records: dict[str, Any]) -> Any:
        return self.app.handle(records, self.world())

    def items(self, table: str = "things") -> list[dict[str, Any]]:
        return [unmarshal_item(item) for item in self.aws.items(table)]

    def item(self, table: str = "things") -> dict[str, Any]:
        (item,) = self.items(table)
        return item

    @property
    def lost_races(self) -> int:
        return self.meter.counts[StreamMetric.LOST_RACES]

    @property
    def faults(self) -> list[dict[str, Any]]:
        return [event for event in self.aws.published if event["type"] == "fault"]


def thing(id: str = "e1", action: str = "created", **members: Any) -> dict[str, Any]:
    """Give an event of a thing."""
    return {
        "id": id,
        "type": f"thing-{action}",
        "timestamp": START,
        "partitionKey": "t1",
        "tags": {"source": "things"},
        "thing": {"id": "t1", "name": "one"},
        **members,
    }


def change(
    new: Mapping[str, Any] | None, old: Mapping[str, Any] | None = None, id: str = "c1"
) -> dict[str, Any]:
    """Give an event whose `raw` has images, for the twin of a table's stream."""
    images = {"new": new, "old": old}
    raw = {name: image for name, image in images.items() if image is not None}
    return {"id": id, "timestamp": START, "raw": raw}


def numbered(records: dict[str, Any], numbers: Iterable[int]) -> dict[str, Any]:
    """Give Kinesis records other sequence numbers."""
    for record, number in zip(records["Records"], numbers, strict=True):
        record["kinesis"]["sequenceNumber"] = str(number)
        record["eventID"] = f"shardId-000000000000:{number}"
    return records
