"""What an invocation has read: the same question is asked once.

An answer is kept under all that decides it, and is forgotten when a step writes to its table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.streams.engine.world import World

_KEY = "queries"
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_ABSENT = object()


def remembered(
    world: World, table: str, question: Mapping[str, Any], ask: Callable[[], Any]
) -> Any:  # noqa: ANN401 - any answer
    """Give the answer to a question, whose parameters are as they go over the wire."""
    # Whoever writes meanwhile takes the whole table's answers away, and with them this one.
    answers = answers_of(world, table)
    key = key_of(question)
    found = answers.get(key, _ABSENT)
    if found is _ABSENT:
        found = answers[key] = ask()
    return found


def answers_of(world: World, table: str) -> dict[str, Any]:
    """Give what is known of a table, to be read and added to."""
    return world.memory.setdefault((_KEY, table), {})


def key_of(question: Mapping[str, Any]) -> str:
    """Give the same text for the same question, and another for every other."""
    return _encode(question)


def forget(world: World, table: str) -> None:
    """Know nothing of a table: something was written to it."""
    world.memory.pop((_KEY, table), None)
