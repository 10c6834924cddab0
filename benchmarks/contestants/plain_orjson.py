"""The loop by hand, with a JSON library that is written in Rust."""

from __future__ import annotations

import importlib

from benchmarks.contestants.plain import loop
from benchmarks.contestants.worker import Counted, Handler, Task


def contestant(task: Task) -> tuple[Handler, Counted]:
    """Give the loop, with orjson."""
    orjson = importlib.import_module("orjson")
    return loop(task, orjson.loads, lambda value: orjson.dumps(value).decode())
