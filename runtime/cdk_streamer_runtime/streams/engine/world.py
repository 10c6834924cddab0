"""What an invocation has around it: AWS, the machine, the names of resources, who counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cdk_streamer_runtime.contract.streams import ResourceKind, StreamMetric
from cdk_streamer_runtime.streams.json_text import Encode, encode_json

if TYPE_CHECKING:
    from cdk_streamer_runtime.aws import Aws

R = TypeVar("R")
T = TypeVar("T")


class Platform(Protocol):
    """The machine: `machine.Machine` on Lambda, `memory.platform.MemoryPlatform` in tests."""

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Wait."""
        ...

    def uniform(self) -> float:
        """Give a random number between 0 and 1."""
        ...

    def each(self, act: Callable[[T], R], of: Iterable[T], /) -> Iterable[R]:
        """Do the same for several, at once if that helps, and give the results in their order."""
        ...


class Meter(Protocol):
    """Who counts. Without a pipeline it counts for the whole processor."""

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        """Add to the sum of a metric."""
        ...

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        """Keep durations, each of them."""
        ...


class Resources(Protocol):
    """The addresses of what steps name."""

    def address(self, kind: ResourceKind, name: str, /) -> str:
        """Give the name, URL or ARN; raises ValueError with the remedy if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One invocation's surroundings; nothing in it outlives the invocation but connections.

    `deadline` is in milliseconds since the epoch: nothing is begun after it. `tags` are put on
    what is emitted, and `encode` writes it. `memory` is for steps that remember during an
    invocation, each under a key of its own, like the answers of queries.
    """

    aws: Aws
    platform: Platform
    resources: Resources
    meter: Meter
    deadline: int
    tags: Mapping[str, str]
    encode: Encode = encode_json
    memory: dict[object, Any] = field(default_factory=dict[object, Any])
