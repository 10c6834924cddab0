"""DurableBatches as rows: what they are set to, and what they gave up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panels.batches.finding import Found
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.batches import BATCH_DIMENSION, BatchMetric, BatchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A DurableBatch: `function` is empty for one that runs `within` functions of requests."""

    settings: BatchSettings
    stack: DeployedStack
    function: str = ""
    within: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One in a list. `published` and `failed` are since the last minutes began."""

    name: str
    stack: str
    function: str
    within: Sequence[str]
    target: str
    chunk_size: int
    max_concurrency: int
    rate: float | None
    max_attempts: int
    dead_letters: int
    dead_letter_queue: str
    published: float
    failed: float


def batches_of(found: Found) -> Iterator[Batch]:
    """Give the batches with functions of their own, and then the others."""
    for function in found.functions:
        if function.batch is not None:
            yield Batch(settings=function.batch, stack=function.stack, function=function.label)
    for settings, within in found.within:
        labels = [each.function.label for each in within]
        yield Batch(settings=settings, stack=within[0].stack, within=labels)


def row_of(aws: Aws, batch: Batch, metrics: Metrics, queues: Mapping[str, str]) -> BatchRow:
    """Give the row of a batch; `queues` are what the app calls its queues."""
    settings = batch.settings
    waiting, arn = _dead_letters(aws, settings.dead_letter_queue_url)
    of_it = {BATCH_DIMENSION: settings.name}
    return BatchRow(
        name=settings.name,
        stack=batch.stack.template.name,
        function=batch.function,
        within=batch.within,
        target=_target(settings, queues),
        chunk_size=settings.chunk_size,
        max_concurrency=settings.max_concurrency,
        rate=settings.rate,
        max_attempts=settings.max_attempts,
        dead_letters=waiting,
        dead_letter_queue=arn,
        published=sum(total for _, total, _, _ in metrics.series(BatchMetric.PUBLISHED, **of_it)),
        failed=sum(total for _, total, _, _ in metrics.series(BatchMetric.FAILED, **of_it)),
    )


def _target(settings: BatchSettings, queues: Mapping[str, str]) -> str:
    if settings.target_kind is None:
        return "its own publish"
    address = (settings.target_address or "").rpartition("/")[2]
    name = address.partition(":function:")[2] or address
    return f"{settings.target_kind.value} {queues.get(name, name)}"


def _dead_letters(aws: Aws, url: str | None) -> tuple[int, str]:
    """Count them, and give their queue's ARN."""
    if url is None:
        return 0, ""
    for queue in aws.call("sqs", "CdkStreamerGlance", {})["Queues"]:
        if queue["Url"] == url:
            return queue["Waiting"] + queue["InFlight"] + queue["Delayed"], queue["Arn"]
    return 0, ""
