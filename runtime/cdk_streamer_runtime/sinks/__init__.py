"""What a sink is written with, and how messages are sent to one.

Importing it costs nothing but the name: each module is loaded when one of its names is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_runtime.errors import DownstreamUnavailable, Permanent, Retryable
    from cdk_streamer_runtime.sinks.app import Sink
    from cdk_streamer_runtime.sinks.outgoing import NotSent, Outgoing
    from cdk_streamer_runtime.sinks.record import SinkRecord
    from cdk_streamer_runtime.sinks.sender import Sender

__all__ = [
    "DownstreamUnavailable",
    "NotSent",
    "Outgoing",
    "Permanent",
    "Retryable",
    "Sender",
    "Sink",
    "SinkRecord",
]

_MODULES = {
    "NotSent": "sinks.outgoing",
    "Outgoing": "sinks.outgoing",
    "Sender": "sinks.sender",
    "Sink": "sinks.app",
    "SinkRecord": "sinks.record",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"cdk_streamer_runtime.{_MODULES.get(name, 'errors')}")
    return getattr(module, name)
