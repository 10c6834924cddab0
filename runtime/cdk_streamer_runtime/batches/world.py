"""What a batch needs of where it runs: a machine, a target, somebody who counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from cdk_streamer_runtime import outgoing
from cdk_streamer_runtime.batches.item import BatchItem, BatchRun
from cdk_streamer_runtime.batches.turns import Turns
from cdk_streamer_runtime.contract.batches import BatchMetric, BatchSettings


class Platform(outgoing.Platform, Protocol):
    """The machine: `machine.Machine` on Lambda, `memory.platform.MemoryPlatform` in tests."""


class Meter(Protocol):
    """Who counts: `metrics.Metrics`."""

    def count(self, metric: BatchMetric, value: int = 1, /) -> None:
        """Add to the sum of a metric."""
        ...

    def seconds(self, metric: BatchMetric, value: float, /) -> None:
        """Keep one duration."""
        ...

    def flush(self) -> None:
        """Write what was measured."""
        ...


class Teller(Protocol):
    """Who hears how far a batch is: `Progress` is one."""

    def report(
        self,
        percentage: float | None = None,
        message: str | None = None,
        *,
        current: float | None = None,
        total: float | None = None,
        unit: str | None = None,
    ) -> None:
        """Tell how many items are done; raises Interrupted once nobody wants the result."""
        ...


class Rejected(NamedTuple):
    """Why an item was not taken, and whether it never will be."""

    reason: str
    for_good: bool = False


class Target(Protocol):
    """Whom items are published to, a slice at a time."""

    def publish(
        self, items: Sequence[BatchItem], run: BatchRun, delay: int | None
    ) -> Mapping[str, Rejected]:
        """Publish them, to be seen in `delay` seconds; give what was not taken, by its id.

        What it raises means that none was, as far as anybody knows.
        """
        ...


class Asked(Protocol):
    """A function that is asked once a chunk, where no execution can do that."""

    def ask(self, question: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what it answers
        """Give its answer; raises StepFailed."""
        ...


class Letters(Protocol):
    """Where items go that nobody takes."""

    def put(self, batch_id: str, items: Sequence[tuple[BatchItem, str]]) -> None:
        """Put them aside, each with the reason; only the log hears of those that cannot be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where a batch runs. It has a target, or a function that is asked instead."""

    settings: BatchSettings
    platform: Platform
    metrics: Meter
    letters: Letters
    target: Target | None = None
    function: Asked | None = None
    turns: Turns | None = None
