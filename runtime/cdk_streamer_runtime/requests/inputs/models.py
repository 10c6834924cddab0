"""Inputs that something else checks: msgspec, pydantic, or a function of the author's.

Neither library is imported here: a class of theirs exists only where they are loaded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.requests.inputs.definitions import Document
from cdk_streamer_runtime.requests.inputs.reading import Reading

_COROUTINE = 0x80  # inspect.CO_COROUTINE
_MSGSPEC_PLACE = r"(?s)(.*) - at `(?:key in )?\$(.*)`"
_MSGSPEC_STEP = r"\.([^.\[]+)|\[(\d+|\.\.\.)\]"


class Model(NamedTuple):
    """A check with its own schema; `check` reports to the reading or gives the value."""

    check: Callable[[object, Reading], object]
    document: Document

    def read(self, value: object, reading: Reading) -> object:
        """Let it check the payload."""
        return self.check(value, reading)


def is_model(annotation: object) -> bool:
    """Whether msgspec or pydantic made the class."""
    return isinstance(annotation, type) and (_is_struct(annotation) or _is_pydantic(annotation))


def model_of(class_: type) -> Model:
    """Give the check of a class of msgspec or pydantic; raises TypeError when it has no schema."""
    return _struct(class_) if _is_struct(class_) else _pydantic(class_)


def function_of(function: Callable[[Any], object]) -> Model:
    """Give the check that a function makes by raising ValueError or TypeError."""
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & _COROUTINE:
        raise TypeError(f"the input {function.__name__!r} is a coroutine function; use a plain one")

    def check(value: object, reading: Reading) -> object:
        try:
            return function(value)
        except (ValueError, TypeError) as error:
            return reading.report(str(error) or "is not valid")

    return Model(check=check, document={})


def _is_struct(class_: type) -> bool:
    msgspec = sys.modules.get("msgspec")
    return msgspec is not None and issubclass(class_, msgspec.Struct)


def _is_pydantic(class_: type) -> bool:
    # Its dataclasses too. Version 1 has neither the attribute nor what is needed here.
    return "pydantic" in sys.modules and hasattr(class_, "__pydantic_validator__")


def _struct(class_: type) -> Model:
    msgspec: Any = sys.modules["msgspec"]

    def check(value: object, reading: Reading) -> object:
        try:
            return msgspec.convert(value, class_)
        except msgspec.ValidationError as error:
            message, tokens = _msgspec_fault(str(error))
            return reading.report(message, *tokens)
        except RecursionError:
            return reading.report("is nested too deeply")

    return Model(check=check, document=msgspec.json.schema(class_))


def _msgspec_fault(text: str) -> tuple[str, list[str]]:
    placed = re.fullmatch(_MSGSPEC_PLACE, text)
    if placed is None:
        return text, []
    tokens = [name or index for name, index in re.findall(_MSGSPEC_STEP, placed[2])]
    return placed[1], tokens


def _pydantic(class_: type) -> Model:
    pydantic: Any = sys.modules["pydantic"]
    adapter = pydantic.TypeAdapter(class_)

    def check(value: object, reading: Reading) -> object:
        try:
            # As JSON: a strict model takes a date from a string there, but not from Python's str.
            return adapter.validate_json(encode(value))
        except pydantic.ValidationError as error:
            for fault in error.errors(
                include_url=False, include_context=False, include_input=False
            ):
                reading.report(fault["msg"], *fault["loc"])
            return None
        except (ValueError, RecursionError):
            return reading.report("is nested too deeply or has a number that JSON lacks")

    return Model(check=check, document=adapter.json_schema())
