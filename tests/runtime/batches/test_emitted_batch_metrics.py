"""Which metrics of batches reach CloudWatch; alarms and widgets are measured by them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime.batches import Batch, BatchFailed, BatchItem
from cdk_streamer_runtime.batches.assembly import BatchAssembly
from cdk_streamer_runtime.contract.batches import BATCH_DIMENSION, BatchMetric, BatchSettings
from cdk_streamer_runtime.durable.course import DIRECT, Direct
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.testing import MemoryAws, QueueSchema

GOLDEN = Path(__file__).parents[1] / "emitted_metrics.json"


@dataclass(frozen=True, slots=True)
class Request:
    """What a batch needs to know of the request that it runs in."""

    idempotency_key: str = "one"
    course: Direct = DIRECT


def refusing(*ids: str) -> Batch:
    """Give a batch of three users, some of whom are never taken."""
    batch = Batch()

    @batch.discover
    def discover(cursor: object) -> tuple[list[str], None]:
        return ["ann", "bob", "eve"], None

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> list[str]:
        return [item.id for item in items if item.id in ids]

    return batch


def emitted(batch: Batch) -> list[list[Any]]:
    """Run a batch that tolerates no failure, and give its metrics as `emitted_metrics.json` has."""
    lines: list[str] = []
    aws = MemoryAws(queues=[QueueSchema(name="dead-letters")])
    settings = BatchSettings(
        name="batch",
        max_attempts=2,
        tolerated_count=0,
        dead_letter_queue_url=aws.queue_url("dead-letters"),
    )
    metrics = Metrics("batch", dimension=BATCH_DIMENSION, write=lines.append)
    assembly = BatchAssembly(aws=aws, platform=MemoryPlatform(), aws_in=lambda _: aws)
    batch.install("Batch", assembly.world(settings, batch.functions, metrics))
    try:
        batch.run("Batch", context=Request())
    except BatchFailed:
        lines.append("")
    return [
        [entry["Namespace"], metric["Name"], dimensions, metric["Unit"]]
        for line in filter(None, lines)
        for entry in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for dimensions in entry["Dimensions"]
        for metric in entry["Metrics"]
    ]


@pytest.mark.parametrize(
    ("refused", "how"),
    [([], BatchMetric.BATCHES_SUCCEEDED), (["eve"], BatchMetric.BATCHES_FAILED)],
)
def test_a_batch_counts_how_it_ended(refused: list[str], how: BatchMetric):
    names = {name for _, name, _, _ in emitted(refusing(*refused))}
    assert how in names
    assert len(names & {BatchMetric.BATCHES_SUCCEEDED, BatchMetric.BATCHES_FAILED}) == 1


def test_the_table_of_metrics_is_what_is_emitted():
    golden = [each for each in json.loads(GOLDEN.read_text()) if each[2] == [BATCH_DIMENSION]]
    told = [*emitted(refusing()), *emitted(refusing("eve"))]
    assert sorted({json.dumps(each) for each in told}) == [json.dumps(each) for each in golden]
    assert {each[1] for each in golden} == set(BatchMetric)
