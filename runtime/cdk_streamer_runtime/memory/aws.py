"""AWS in memory: the tables, queues, buckets and connections that a test declares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from types import MappingProxyType
from typing import Any

from cdk_streamer_runtime.aws import NO_HEADERS, Part
from cdk_streamer_runtime.memory.buses import MemoryBuses
from cdk_streamer_runtime.memory.connections import MemoryConnections
from cdk_streamer_runtime.memory.data_streams import MemoryDataStreams
from cdk_streamer_runtime.memory.dynamodb import MemoryDynamoDb
from cdk_streamer_runtime.memory.executions import MemoryExecutions
from cdk_streamer_runtime.memory.functions import MemoryFunctions, is_plain
from cdk_streamer_runtime.memory.machines import MemoryMachines
from cdk_streamer_runtime.memory.mappings import MemoryMappings, is_mapping
from cdk_streamer_runtime.memory.objects import MemoryObjects
from cdk_streamer_runtime.memory.queues import MemoryQueues, QueueSchema
from cdk_streamer_runtime.memory.schedules import MemorySchedules
from cdk_streamer_runtime.memory.secrets import MemorySecrets
from cdk_streamer_runtime.memory.streams import MemoryStreams, stream_record
from cdk_streamer_runtime.memory.tables import TableSchema
from cdk_streamer_runtime.memory.topics import MemoryTopics
from cdk_streamer_runtime.memory.values import Item, copied_item


def wall_clock() -> int:
    """Give the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class MemoryAws:
    """An `aws.Aws` for tests, without network, waiting or chance: same calls, same answers.

    It refuses what AWS refuses, by the same error codes; what it does not know raises
    NotImplementedError. Throttling, lag and lost answers do not happen by themselves.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], int] = wall_clock,
        tables: Iterable[TableSchema] = (),
        queues: Iterable[QueueSchema] = (),
        secrets: Mapping[str, str] = MappingProxyType({}),
        buckets: Iterable[str] = (),
        buses: Iterable[str] = (),
        data_streams: Iterable[str] = (),
        topics: Iterable[str] = (),
        machines: Iterable[str] = (),
        schedule_groups: Iterable[str] = (),
        functions: Mapping[str, Callable[[Any], object]] = MappingProxyType({}),
        mappings: Iterable[str] = (),
    ) -> None:
        self.connections = MemoryConnections()
        self.objects = MemoryObjects(clock, set(buckets))
        self.secrets = MemorySecrets(secrets)
        self.buses = MemoryBuses(buses, clock)
        self.data_streams = MemoryDataStreams(data_streams)
        self.topics = MemoryTopics(topics)
        self.machines = MemoryMachines(machines, clock)
        self.schedules = MemorySchedules(schedule_groups)
        self.functions = MemoryFunctions(functions)
        self.mappings = MemoryMappings(mappings)
        self.executions = MemoryExecutions(clock, self.functions.invoke)
        self._lock = RLock()
        self._dynamodb = MemoryDynamoDb(clock)
        self._streams = MemoryStreams(self._dynamodb.table)
        self._queues = MemoryQueues(clock)
        for table in tables:
            self._dynamodb.create(table)
        for queue in queues:
            self._queues.create(queue)

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        """Do one operation of a service that speaks JSON; raises AwsError."""
        with self._lock:
            match service:
                case "dynamodb":
                    return self._dynamodb.call(operation, parameters)
                case "sqs":
                    return self._queues.call(operation, parameters)
                case "events":
                    return self.buses.call(operation, parameters)
                case "kinesis":
                    return self.data_streams.call(operation, parameters)
                case "states":
                    return self.machines.call(operation, parameters)
                case "secretsmanager":
                    return self.secrets.call(operation, parameters)
                case "dynamodbstreams":
                    return self._streams.call(operation, parameters)
                case _:
                    raise NotImplementedError(f"service {service!r} is not known to MemoryAws")

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Answer a signed request to one of the services that speak REST; raises AwsError."""
        with self._lock:
            match service:
                case "execute-api":
                    return self.connections.rest(method, url, body)
                case "lambda" if is_mapping(url):
                    return self.mappings.rest(method, url, body)
                case "lambda" if not is_plain(url, headers):
                    return self.executions.rest(method, url, body, headers)
                case "lambda":
                    return self.functions.rest(url, body, headers)
                case "sns":
                    return self.topics.rest(body)
                case "scheduler":
                    return self.schedules.rest(method, url, body)
                case "s3":
                    return self.objects.rest(method, url, body, headers)
                case _:
                    raise NotImplementedError(f"service {service!r} is not known to MemoryAws")

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        """Give an address that `objects.open` takes for so long."""
        return self.objects.presign(method, path, seconds, headers)

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        """Read a part of an object; raises AwsError."""
        with self._lock:
            return self.objects.read(path, start, end, tag)

    def queue_url(self, name: str) -> str:
        """Give the address of a queue."""
        return f"https://sqs.memory/000000000000/{name}"

    def items(self, table: str) -> list[Item]:
        """Give all items of a table, as attribute values, in the order they were created."""
        with self._lock:
            return [copied_item(item) for item in self._dynamodb.table(table).items()]

    def stream_records(self, table: str, *, after: int = 0) -> list[dict[str, Any]]:
        """Give a stream's records of the last day, as Lambda receives them, oldest first.

        `after` is the SequenceNumber of the last record seen, as an int.
        """
        with self._lock:
            source = self._dynamodb.table(table)
            return [stream_record(source.schema, each) for each in source.changes_after(after)]

    def messages(self, queue: str) -> list[str]:
        """Give the bodies of all messages in a queue, delayed and received ones too."""
        with self._lock:
            return self._queues.bodies(queue)

    def next_visible_at(self, queue: str) -> int | None:
        """Give when the next message of a queue can be received; None: the queue is empty."""
        with self._lock:
            return self._queues.next_visible_at(queue)
