"""Ours, with a JSON library that the user brings."""

from __future__ import annotations

import importlib

from benchmarks.contestants.ours import app_handler
from benchmarks.contestants.worker import Counted, Handler, Task


def contestant(task: Task) -> tuple[Handler, Counted]:
    """Give our app, with orjson."""
    orjson = importlib.import_module("orjson")
    return app_handler(task, decode=orjson.loads, encode=orjson.dumps)
