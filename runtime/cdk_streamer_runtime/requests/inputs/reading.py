"""One pass over a payload: where it is, and what it has found wrong."""

from __future__ import annotations

from typing import Protocol

from cdk_streamer_runtime.requests.inputs.definitions import Definitions
from cdk_streamer_runtime.requests.inputs.fault import Fault, InvalidInput

# Bounds of one answer: a client gets enough to act on, whatever it has sent.
MAX_FAULTS = 20
MAX_DEPTH = 64
MAX_VALUE = 40
MAX_MESSAGE = 300
MAX_PATH = 200


class Shape(Protocol):
    """What a value must look like."""

    @property
    def expected(self) -> str:
        """A noun that completes "must be"."""
        ...

    @property
    def container(self) -> type | None:
        """The container that its JSON is, list or dict, or None when it has no members."""
        ...

    def read(self, value: object, reading: Reading) -> object:
        """Give the Python value; what is wrong goes to the reading, and then None is given."""
        ...

    def schema(self, definitions: Definitions) -> dict[str, object]:
        """Give the JSON Schema of what `read` takes."""
        ...


class Reading:
    """Collects the faults of a payload; raises InvalidInput when it is no use to go on."""

    def __init__(self) -> None:
        self._path: list[str | int] = []
        self._faults: list[Fault] = []

    @property
    def count(self) -> int:
        """How many faults were found so far."""
        return len(self._faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What was found so far."""
        return tuple(self._faults)

    def member(self, token: str | int, value: object, shape: Shape) -> object:
        """Read a member of the value at hand."""
        self._path.append(token)
        if len(self._path) > MAX_DEPTH:
            self.report(f"is nested deeper than {MAX_DEPTH} levels")
            raise InvalidInput(self.faults)
        read = shape.read(value, self)
        self._path.pop()
        return read

    def refuse(self, expected: str, value: object) -> None:
        """Note that the value at hand is something else."""
        self.report(f"must be {expected}, got {shortened(value)}")

    def report(self, message: str, *tokens: str | int) -> None:
        """Note a fault of the value at hand, or of its member."""
        path = _pointer([*self._path, *tokens])
        self._faults.append(Fault(path=path, message=_cut(message, MAX_MESSAGE)))
        if len(self._faults) == MAX_FAULTS:
            raise InvalidInput(self.faults)


def shortened(value: object) -> str:
    """Describe a value in JSON's words, in a few characters."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            text = repr(value[:MAX_VALUE])
            return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 4]}...{text[0]}"
        case int():
            # The decimal text of a huge number takes long, and Python refuses to make it.
            return _cut(str(value), MAX_VALUE) if value.bit_length() <= 512 else "a huge number"  # noqa: PLR2004
        case float():
            return repr(value)
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return _cut(f"the Python type {type(value).__name__}", MAX_VALUE)


def alternatives(words: list[str]) -> str:
    """Join "A", "B" and "C" to "A, B or C"."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


def _pointer(tokens: list[str | int]) -> str:
    """Give the JSON Pointer (RFC 6901) of a place."""
    escaped = (
        _cut(str(token), MAX_VALUE).replace("~", "~0").replace("/", "~1") for token in tokens
    )
    return _cut("".join(f"/{token}" for token in escaped), MAX_PATH)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
