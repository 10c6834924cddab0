"""Durable batches: discover, publish in chunks, aggregate."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_runtime.batches.batch import Batch
    from cdk_streamer_runtime.batches.item import BatchItem, BatchRun
    from cdk_streamer_runtime.batches.result import BatchResult
    from cdk_streamer_runtime.batches.starting import start_batch
    from cdk_streamer_runtime.errors import BatchFailed, BatchTooLarge, Conflict

__all__ = [
    "Batch",
    "BatchFailed",
    "BatchItem",
    "BatchResult",
    "BatchRun",
    "BatchTooLarge",
    "Conflict",
    "start_batch",
]

_MODULES = {
    "Batch": "batches.batch",
    "BatchItem": "batches.item",
    "BatchResult": "batches.result",
    "BatchRun": "batches.item",
    "start_batch": "batches.starting",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: who starts batches needs nothing of running them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"cdk_streamer_runtime.{_MODULES.get(name, 'errors')}"), name)
