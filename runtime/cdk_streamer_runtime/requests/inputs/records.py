"""Objects with named members: dataclasses and TypedDicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from cdk_streamer_runtime.requests.inputs.definitions import Definitions, Document
from cdk_streamer_runtime.requests.inputs.reading import Reading, Shape


class Member(NamedTuple):
    """One member of a record; `default` is what a schema can show of it."""

    shape: Shape
    required: bool
    default: Document


class Record:
    """An object of a dataclass or TypedDict; it gets its members later, for it may hold itself."""

    expected = "an object"
    container = dict

    def __init__(self, *, class_: type, build: Callable[[Mapping[str, object]], object]) -> None:
        self.class_ = class_
        self.build = build
        self.members: Mapping[str, Member] = {}

    def read(self, value: object, reading: Reading) -> object:
        """Read the members that there are; one too many is a fault as well as one missing."""
        if not isinstance(value, dict):
            return reading.refuse(self.expected, value)
        found = reading.count
        given = self._given(cast("dict[str, object]", value), reading)
        if reading.count > found:
            return None
        try:
            return self.build(given)
        except (ValueError, TypeError) as error:  # of the author's own __post_init__
            return reading.report(str(error) or "is not valid")

    def schema(self, definitions: Definitions) -> Document:
        """Refer to the class's schema."""
        return definitions.reference(self.class_, self.document)

    def document(self, definitions: Definitions) -> Document:
        """Give the schema of the object."""
        return {
            "type": "object",
            "properties": {
                name: {**member.shape.schema(definitions), **member.default}
                for name, member in self.members.items()
            },
            "required": [name for name, member in self.members.items() if member.required],
            "additionalProperties": False,
        }

    def _given(self, value: dict[str, object], reading: Reading) -> dict[str, object]:
        for name in value:
            if name not in self.members:
                reading.report(f"is not known; {self._allowed()}", name)
        given: dict[str, object] = {}
        for name, member in self.members.items():
            if name in value:
                given[name] = reading.member(name, value[name], member.shape)
            elif member.required:
                reading.report("is missing", name)
        return given

    def _allowed(self) -> str:
        names = ", ".join(repr(name) for name in self.members)
        return f"allowed are {names}" if names else "nothing is allowed here"
