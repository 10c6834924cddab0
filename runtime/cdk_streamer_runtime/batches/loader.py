"""Finds the user's batch by the name that the construct wrote into the environment."""

from __future__ import annotations

import importlib

from cdk_streamer_runtime.batches.batch import Batch


def load_batch(entry_point: str) -> Batch:
    """Import `module:attribute`; raises ImportError or TypeError that says what was found."""
    module_name, _, attribute = entry_point.partition(":")
    module = importlib.import_module(module_name)
    batch = getattr(module, attribute or "batch", None)
    if not isinstance(batch, Batch):
        raise TypeError(
            f"{entry_point!r} must be a Batch, got {type(batch).__name__}; "
            f"write `batch = Batch()` in {module_name.replace('.', '/')}.py"
        )
    return batch
