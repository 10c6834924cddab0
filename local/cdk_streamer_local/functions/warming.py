"""Starts a worker for every function, so that the first message waits for nobody.

A function that cannot be imported says so now, and not to the first user.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from cdk_streamer_local.engine.durable_front import WARM_UP
from cdk_streamer_local.functions.function import Function

_AT_ONCE = os.cpu_count() or 2


def warm(functions: Iterable[Function]) -> list[Function]:
    """Return when each function has a worker; gives those that cannot be imported."""
    targets = [function for function in functions if function.is_python]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="warm") as pool:
        loaded = list(pool.map(_loads, targets))
    return [target for target, loads in zip(targets, loaded, strict=True) if not loads]


def _loads(function: Function) -> bool:
    answer = function.services.client("lambda").invoke(
        FunctionName=function.name, Payload=json.dumps({WARM_UP: True})
    )
    answer["Payload"].read()
    return "FunctionError" not in answer
