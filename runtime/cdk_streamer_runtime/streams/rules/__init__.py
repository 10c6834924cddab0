"""The rules: flavors of pipelines, each a class with options."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.pipelines.compaction import Compact
    from cdk_streamer_runtime.streams.pipelines.rates import Rate
    from cdk_streamer_runtime.streams.rules.cdc import Cdc
    from cdk_streamer_runtime.streams.rules.circuit_breaker import CircuitBreaker
    from cdk_streamer_runtime.streams.rules.collect import Collect
    from cdk_streamer_runtime.streams.rules.correlate import Correlate
    from cdk_streamer_runtime.streams.rules.custom import Custom
    from cdk_streamer_runtime.streams.rules.evaluate import Evaluate
    from cdk_streamer_runtime.streams.rules.expired import Expired
    from cdk_streamer_runtime.streams.rules.job import Job
    from cdk_streamer_runtime.streams.rules.materialize import Materialize
    from cdk_streamer_runtime.streams.rules.materialize_s3 import MaterializeS3
    from cdk_streamer_runtime.streams.rules.outbox import Outbox
    from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
    from cdk_streamer_runtime.streams.rules.send_messages import SendMessages
    from cdk_streamer_runtime.streams.rules.update import Update

__all__ = [
    "Cdc",
    "CircuitBreaker",
    "Collect",
    "Compact",
    "Correlate",
    "Custom",
    "Evaluate",
    "Expired",
    "Job",
    "Materialize",
    "MaterializeS3",
    "Outbox",
    "Rate",
    "Rule",
    "SendMessages",
    "Update",
    "flavor",
]

_MODULES = {
    "Cdc": "rules.cdc",
    "CircuitBreaker": "rules.circuit_breaker",
    "Collect": "rules.collect",
    "Compact": "pipelines.compaction",
    "Correlate": "rules.correlate",
    "Custom": "rules.custom",
    "Evaluate": "rules.evaluate",
    "Expired": "rules.expired",
    "Job": "rules.job",
    "Materialize": "rules.materialize",
    "MaterializeS3": "rules.materialize_s3",
    "Outbox": "rules.outbox",
    "Rate": "pipelines.rates",
    "Rule": "rules.rule",
    "SendMessages": "rules.send_messages",
    "Update": "rules.update",
    "flavor": "rules.rule",
}


def __getattr__(name: str) -> object:
    """Import a flavor when it is first used: a processor pays for the rules that it has."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {__all__}")
    return getattr(import_module(f"cdk_streamer_runtime.streams.{_MODULES[name]}"), name)
