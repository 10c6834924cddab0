"""Finds the user's sink by the name that the construct wrote into the environment."""

from __future__ import annotations

import importlib

from cdk_streamer_runtime.sinks.app import Sink


def load_sink(entry_point: str) -> Sink:
    """Import `module:attribute`; raises ImportError or TypeError that says what was found."""
    module_name, _, attribute = entry_point.partition(":")
    module = importlib.import_module(module_name)
    sink = getattr(module, attribute or "sink", None)
    if not isinstance(sink, Sink):
        raise TypeError(
            f"{entry_point!r} must be a Sink, got {type(sink).__name__}; "
            f"write `sink = Sink()` in {module_name.replace('.', '/')}.py"
        )
    return sink
