"""A table, two queues and a clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.testing import IndexSchema, MemoryAws, QueueSchema, TableSchema

TABLE = TableSchema(
    name="table",
    partition_key="pk",
    sort_key="sk",
    stream=True,
    indexes=(
        IndexSchema(
            name="by_owner",
            partition_key="owner_key",
            sort_key="created_key",
            projection=("title",),
        ),
        IndexSchema(name="by_rank", partition_key="owner_key", sort_key="rank", projection=None),
    ),
    key_types={"rank": "N"},
)
QUEUES = (
    QueueSchema(name="work", visibility_seconds=60, dead_letters="dead", max_receives=2),
    QueueSchema(name="slow", delay_seconds=30),
    QueueSchema(name="dead"),
)


@dataclass
class Clock:
    now: int = 1_763_717_400_000

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> MemoryAws:
    return MemoryAws(clock=clock, tables=[TABLE], queues=QUEUES)


@pytest.fixture
def table(aws: MemoryAws) -> Table:
    return Table(aws, "table")
