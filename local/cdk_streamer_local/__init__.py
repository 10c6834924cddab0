"""Runs CDK apps on this machine: the command `cdk-streamer local`, and LocalStack for tests.

Names are imported when they are used: pytest loads this package in every run, for its plugin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_local.errors import LocalError
    from cdk_streamer_local.stack import LocalStack

__all__ = ["LocalError", "LocalStack"]


def __getattr__(name: str) -> object:
    """Import what was asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = {"LocalError": "errors", "LocalStack": "stack"}[name]
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    """Name what can be asked for."""
    return __all__
