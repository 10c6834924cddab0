"""What a step came to, as the text that an execution keeps: its value, or how it failed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.durable.course import run, step_text
from cdk_streamer_runtime.errors import ActionFailed, Rejection, StepFailed

LONGEST_TEXT = 1_000


def recorded(name: str, function: Callable[[], Any]) -> str:
    """Run the function of a step and write what came of it; never raises an Exception."""
    try:
        return value_text(name, run(function))
    except Exception as error:  # noqa: BLE001 - a replay has to fail as the first run did
        return failure_text(name, error)


def value_text(name: str, value: object) -> str:
    """Write what a step returned; raises TypeError, ValueError for what could not be recorded."""
    return f'{{"value":{step_text(name, value)}}}'


def failure_text(name: str, error: Exception) -> str:
    """Write what a step raised."""
    return encode({"error": _described(name, error)})


def result_of(text: str) -> Any:  # noqa: ANN401 - what the author's function returned
    """Give the value that was recorded, or raise what was, with its type and its own values.

    An exception that could not be recorded so is a StepFailed.
    """
    document: dict[str, Any] = decode(text)
    if "error" not in document:
        return document["value"]
    raise _rebuilt(document["error"])


def _described(name: str, error: Exception) -> dict[str, Any]:
    text = f"step {name!r} failed with {type(error).__name__}: {error}"[:LONGEST_TEXT]
    description: dict[str, Any] = {"text": text}
    kind = type(error)
    whole = {
        "type": [kind.__module__, kind.__qualname__],
        "args": list(error.args),
        "values": {key: value for key, value in vars(error).items() if key != "__notes__"},
    }
    try:
        # Only what comes back as it was: a tuple among the arguments would be a list.
        fits = decode(step_text(name, whole)) == whole
    except (TypeError, ValueError):
        return description
    return description | whole if fits else description


def _rebuilt(description: Mapping[str, Any]) -> Exception:
    kind = _class(description.get("type"))
    if kind is None:
        return StepFailed(description["text"])
    error = kind.__new__(kind, *description["args"])
    error.args = tuple(description["args"])
    vars(error).update(description["values"])
    if isinstance(error, (ActionFailed, Rejection)):
        error.code = ErrorCode(error.code)
    return error


def _class(place: list[str] | None) -> type[Exception] | None:
    """Find an exception's class where it was defined; None for one inside a function."""
    if place is None:
        return None
    found: object = importlib.import_module(place[0])
    for name in place[1].split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None
