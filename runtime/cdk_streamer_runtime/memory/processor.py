"""A stream processor in memory: an app, and all that its rules use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.attributes import unmarshal_item
from cdk_streamer_runtime.contract import PARTITION_KEY, SORT_KEY
from cdk_streamer_runtime.contract.streams import (
    BUS_RESOURCE,
    CLAIMS_RESOURCE,
    FAULT_TYPE,
    TABLE_RESOURCE,
    ResourceKind,
    StreamMetric,
)
from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.machines import machine_arn
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.tables import TableSchema
from cdk_streamer_runtime.memory.topics import topic_arn
from cdk_streamer_runtime.streams.answers import Answer
from cdk_streamer_runtime.streams.app import StreamApp
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.sources.sqs import to_sqs_records

SOURCE = "tests"
SECONDS = 60

Names = dict[ResourceKind, list[str]]


class MemoryProcessor:
    """Runs an app as a StreamProcessor does; what its rules use is there under their names.

    Tables have the keys `pk` and `sk`. Nothing happens by itself: a test calls `handle`. Several
    processors of one system are made by `MemoryProcessor.several`, and then share tables and bus.
    """

    def __init__(
        self,
        app: StreamApp,
        *,
        source: str = SOURCE,
        aws: MemoryAws | None = None,
        platform: MemoryPlatform | None = None,
    ) -> None:
        """Build it. `source` is the processor's name, in the tags of what it emits."""
        self.app = app
        self.platform = platform or MemoryPlatform()
        self.aws = aws or _aws([app], self.platform)
        self.counts = Counter[StreamMetric]()
        self._source = source
        self._changes: dict[str, int] = {}
        self._heard: dict[str, int] = {}

    @classmethod
    def several(cls, apps: Mapping[str, StreamApp]) -> list[MemoryProcessor]:
        """Build a processor for each app, by the name that it has as a source."""
        platform = MemoryPlatform()
        aws = _aws(apps.values(), platform)
        return [cls(app, source=source, aws=aws, platform=platform) for source, app in apps.items()]

    def handle(self, event: object) -> Answer:
        """Run one invocation, of which there is a minute left."""
        world = World(
            aws=self.aws,
            platform=self.platform,
            resources=_Addresses(self.aws),
            meter=_Counted(self.counts),
            deadline=self.platform.clock() + SECONDS * 1_000,
            tags={"source": self._source},
        )
        return self.app.handle(event, world)

    def items(self, table: str = TABLE_RESOURCE) -> list[dict[str, Any]]:
        """Give the items of a table."""
        return [unmarshal_item(item) for item in self.aws.items(table)]

    def events(self, bus: str = BUS_RESOURCE) -> list[dict[str, Any]]:
        """Give what was published, without faults."""
        return [each for each in self._published(bus) if each["type"] != FAULT_TYPE]

    def faults(self, bus: str = BUS_RESOURCE) -> list[dict[str, Any]]:
        """Give the faults that were published."""
        return [each for each in self._published(bus) if each["type"] == FAULT_TYPE]

    def changes(self, table: str = TABLE_RESOURCE) -> dict[str, Any] | None:
        """Give what is new in a table's stream, as Lambda would be called with; None if nothing."""
        records = self.aws.stream_records(table, after=self._changes.get(table, 0))
        if not records:
            return None
        self._changes[table] = int(records[-1]["dynamodb"]["SequenceNumber"])
        return {"Records": records}

    def heard(self, bus: str = BUS_RESOURCE) -> dict[str, Any] | None:
        """Give what is new on a bus, as Lambda would be called with; None if nothing is.

        Faults, and what this processor has published itself, are left out, as its rule does.
        """
        envelopes = self.aws.buses.events(bus)
        new = envelopes[self._heard.get(bus, 0) :]
        self._heard[bus] = len(envelopes)
        wanted = [
            each["detail"]
            for each in new
            if each["detail-type"] != FAULT_TYPE and each["source"] != self._source
        ]
        return to_sqs_records(wanted) if wanted else None

    def _published(self, bus: str) -> list[dict[str, Any]]:
        return [each["detail"] for each in self.aws.buses.events(bus)]


class _Addresses:
    def __init__(self, aws: MemoryAws) -> None:
        self._of: dict[ResourceKind, Callable[[str], str]] = {
            ResourceKind.QUEUE: aws.queue_url,
            ResourceKind.TOPIC: topic_arn,
            ResourceKind.STATE_MACHINE: machine_arn,
            ResourceKind.FUNCTION: function_arn,
        }

    def address(self, kind: ResourceKind, name: str, /) -> str:
        """Give what stands for a resource, which is called as its rules call it."""
        return self._of.get(kind, str)(name)


class _Counted:
    def __init__(self, counts: Counter[StreamMetric]) -> None:
        self._counts = counts

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        """Add to the sum of a metric, whosever it is."""
        del pipeline, step
        self._counts[metric] += value

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        """Take time for nothing that a test of rules is about."""


def _aws(apps: Iterable[StreamApp], platform: MemoryPlatform) -> MemoryAws:
    names = _names(apps)
    return MemoryAws(
        clock=platform.clock,
        tables=[_table(name) for name in names.get(ResourceKind.TABLE, [TABLE_RESOURCE])],
        queues=[QueueSchema(name=name) for name in names.get(ResourceKind.QUEUE, [])],
        buckets={CLAIMS_RESOURCE, *names.get(ResourceKind.BUCKET, [])},
        buses={BUS_RESOURCE, *names.get(ResourceKind.EVENT_BUS, [])},
        data_streams=names.get(ResourceKind.STREAM, []),
        topics=names.get(ResourceKind.TOPIC, []),
        machines=names.get(ResourceKind.STATE_MACHINE, []),
        schedule_groups=names.get(ResourceKind.SCHEDULE_GROUP, []),
        functions=dict.fromkeys(names.get(ResourceKind.FUNCTION, []), _nothing),
    )


def _names(apps: Iterable[StreamApp]) -> Mapping[ResourceKind, Sequence[str]]:
    found: Names = {}
    for app in apps:
        for pipeline in app.pipelines:
            for step in pipeline.steps:
                for use in getattr(step, "uses", ()):
                    if use.name not in found.setdefault(use.kind, []):
                        found[use.kind].append(use.name)
    return found


def _table(name: str) -> TableSchema:
    return TableSchema(name=name, partition_key=PARTITION_KEY, sort_key=SORT_KEY, stream=True)


def _nothing(_event: object) -> None:
    return None
