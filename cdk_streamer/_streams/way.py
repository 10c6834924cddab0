"""What each way to get records has in common, and what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aws_cdk import (
    aws_cloudwatch as cloudwatch,
    aws_events as events,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._streams.manifest import Manifest, Types
from cdk_streamer_runtime.contract.streams import StreamSourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a source is made for: the processor's name, its rules as far as known, its function.

    `types` are those that filters let through; None: they let everything through.
    """

    name: str
    function: RuntimeFunction
    seconds: int
    manifest: Manifest | None
    types: Types | None
    key: kms.IKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What brings records to the function.

    `failures` is where Lambda tells of what it gave up; `dead_letters` is what a queue gave up.
    `age` is how old the oldest record is, in the unit of `limit`, beyond which somebody should
    look.
    """

    mapping: lambda_.EventSourceMapping
    age: cloudwatch.IMetric
    limit: float
    queue: sqs.IQueue | None = None
    dead_letters: sqs.IQueue | None = None
    failures: sqs.IQueue | None = None
    rule: events.CfnRule | None = None


class Way(Protocol):
    """A way to get records."""

    @property
    def kind(self) -> StreamSourceKind:
        """What the runtime reads records as."""
        ...

    @property
    def bus(self) -> events.IEventBus | None:
        """The bus that events come from, which faults go to as well."""
        ...

    def check(self, seconds: int, types: Types | None) -> None:
        """Refuse what does not fit a function with this timeout, or these filters."""
        ...

    def bind(self, scope: Construct, plan: Plan) -> Source:
        """Create in `scope` what brings records to the function, and allow the function that."""
        ...


def patterns(filters: tuple[Mapping[str, Any], ...]) -> list[Mapping[str, Any]] | None:
    """Give filters as an event source takes them."""
    return [lambda_.FilterCriteria.filter(dict(each)) for each in filters] or None
