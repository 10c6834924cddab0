"""Finds the user's app by the name that the construct wrote into the environment."""

from __future__ import annotations

import importlib

from cdk_streamer_runtime.requests.app import AsyncApp


def load_app(entry_point: str | None) -> AsyncApp:
    """Import `module:attribute`, or give an app without actions when there is none.

    Raises ImportError or TypeError that says what was found.
    """
    if entry_point is None:
        return AsyncApp()
    module_name, _, attribute = entry_point.partition(":")
    module = importlib.import_module(module_name)
    app = getattr(module, attribute or "app", None)
    if not isinstance(app, AsyncApp):
        raise TypeError(
            f"{entry_point!r} must be an AsyncApp, got {type(app).__name__}; "
            f"write `app = AsyncApp()` in {module_name.replace('.', '/')}.py"
        )
    return app
