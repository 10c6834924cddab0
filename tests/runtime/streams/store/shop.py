"""A listener that collects and a trigger that evaluates, with AWS that breaks off as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.attributes import marshal_item, unmarshal_item
from cdk_streamer_runtime.aws import Part
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams import StreamApp
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.rules.rule import Rule
from cdk_streamer_runtime.streams.sources.kinesis import to_kinesis_records
from cdk_streamer_runtime.testing import MemoryAws, TableSchema
from tests.runtime.streams.surroundings import Counted, Named

TABLE = TableSchema(name="events", partition_key="pk", sort_key="sk", stream=True)
MINUTE = 60_000
TRIES = 60


class Crash(BaseException):
    """The sandbox is gone, in the middle of a call."""


class FragileAws:
    """AWS in memory; the calls with these numbers break off, before or after they are done."""

    def __init__(self, memory: MemoryAws) -> None:
        self.memory = memory
        self.calls = 0
        self.before: frozenset[int] = frozenset()
        self.after: frozenset[int] = frozenset()
        self.throttled: frozenset[int] = frozenset()
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.published: list[dict[str, Any]] = []

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.asked.append((operation, parameters))
        if self.calls in self.before:
            raise Crash
        if self.calls in self.throttled:
            raise aws_error("ThrottlingException", "", 400, operation)
        answer = self._answer(service, operation, parameters)
        if self.calls in self.after:
            raise Crash
        return answer

    def rest(self, *arguments: Any, **options: Any) -> bytes:
        self.calls += 1
        if self.calls in self.before:
            raise Crash
        answer = self.memory.rest(*arguments, **options)
        if self.calls in self.after:
            raise Crash
        return answer

    def _answer(
        self, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        if service != "events":
            return self.memory.call(service, operation, parameters)
        entries = parameters["Entries"]
        self.published += [json.loads(entry["Detail"]) for entry in entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in entries]}

    def presign(self, *arguments: Any, **options: Any) -> str:
        return self.memory.presign(*arguments, **options)

    def read_object(self, *arguments: Any, **options: Any) -> Part:
        return self.memory.read_object(*arguments, **options)


class Shop:
    """Listener and trigger of one table, and what they have published."""

    def __init__(self, *rules: Rule, collect: Sequence[Rule] = ()) -> None:
        self.platform = MemoryPlatform()
        self.memory = MemoryAws(clock=self.platform.clock, tables=[TABLE], buckets=["files"])
        self.aws = FragileAws(self.memory)
        self.meter = Counted()
        self.listener = StreamApp(collect)
        self.trigger = StreamApp(rules)
        self.seen = 0

    @property
    def world(self) -> World:
        return World(
            aws=self.aws,
            platform=self.platform,
            resources=Named(table="events", bus="the-bus", files="files"),
            meter=self.meter,
            deadline=self.platform.clock() + 60_000,
            tags={"source": "shop", "region": "memory"},
        )

    @property
    def published(self) -> list[dict[str, Any]]:
        return self.aws.published

    def emitted(self, kind: str) -> list[dict[str, Any]]:
        """Give the published events of a type, without repetitions."""
        events = {event["id"]: event for event in self.published if event["type"] == kind}
        return list(events.values())

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Give the rows of a kind."""
        items = map(unmarshal_item, self.memory.items("events"))
        return [item for item in items if item.get("discriminator") == kind]

    def collect(self, *events: Mapping[str, Any]) -> None:
        """Hand events to the listener, in one batch."""
        deliver(lambda batch: self.listener.handle(batch, self.world), to_kinesis_records(events))

    def pump(self, size: int = 100) -> None:
        """Hand all changes of the table to the trigger, in batches of a size."""
        while records := self.memory.stream_records("events", after=self.seen)[:size]:
            self.react(records)
            self.seen = int(records[-1]["dynamodb"]["SequenceNumber"])

    def react(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Hand changes to the trigger."""
        batch = {"Records": list(records)}
        deliver(lambda batch: self.trigger.handle(batch, self.world), batch)

    def put(self, **item: Any) -> None:
        """Put an item into the table."""
        parameters = {"TableName": "events", "Item": marshal_item(item)}
        self.memory.call("dynamodb", "PutItem", parameters)

    def expire(self, row: Mapping[str, Any]) -> None:
        """Remove a row as DynamoDB does when its time is up, and hand that to the trigger."""
        self.pump()
        key = {"pk": {"S": row["pk"]}, "sk": {"S": row["sk"]}}
        self.memory.call("dynamodb", "DeleteItem", {"TableName": "events", "Key": key})
        (removal,) = self.memory.stream_records("events", after=self.seen)
        service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        self.seen = int(removal["dynamodb"]["SequenceNumber"])
        self.react([removal | {"userIdentity": service}])
        self.pump()


def deliver(handle: Callable[[Any], Any], batch: dict[str, Any]) -> None:
    """Hand over a batch until all of it is done, as Lambda does."""
    for _ in range(TRIES):
        try:
            failures = handle(batch)["batchItemFailures"]
        except Crash:
            continue
        if not failures:
            return
        lowest = failures[0]["itemIdentifier"]
        sequences = [_sequence(record) for record in batch["Records"]]
        batch = {"Records": batch["Records"][sequences.index(lowest) :]}
    raise AssertionError("the batch is never done")


def event(id: str, kind: str, at: int = 0, **members: Any) -> dict[str, Any]:
    """Give an event of order 17, so many milliseconds after the beginning."""
    return {
        "id": id,
        "type": kind,
        "timestamp": START + at,
        "partitionKey": "17",
        "order": {"id": "17"},
        **members,
    }


def _sequence(record: Mapping[str, Any]) -> str:
    return record["kinesis" if "kinesis" in record else "dynamodb"][
        "sequenceNumber" if "kinesis" in record else "SequenceNumber"
    ]
