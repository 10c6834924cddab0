"""Values with members: lists and objects of any names."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cdk_streamer_runtime.requests.inputs.definitions import Definitions, Document
from cdk_streamer_runtime.requests.inputs.reading import Reading, Shape
from cdk_streamer_runtime.requests.inputs.scalars import Scalar


class Series:
    """A list of any length; `build` makes a list, tuple or set of it."""

    expected = "a list"
    container = list

    def __init__(self, *, item: Shape, build: Callable[[list[object]], object]) -> None:
        self.item = item
        self.build = build

    def read(self, value: object, reading: Reading) -> object:
        """Read every item."""
        if not isinstance(value, list):
            return reading.refuse(self.expected, value)
        found = reading.count
        items = [
            reading.member(index, item, self.item)
            for index, item in enumerate(cast("list[object]", value))
        ]
        return self.build(items) if reading.count == found else None

    def schema(self, definitions: Definitions) -> Document:
        """Give the schema of an array."""
        return {"type": "array", "items": self.item.schema(definitions)}


class Row:
    """A list with a shape for each place, which becomes a tuple."""

    container = list

    def __init__(self, *, items: tuple[Shape, ...]) -> None:
        self.items = items
        self.expected = f"a list of {len(items)} item{'' if len(items) == 1 else 's'}"

    def read(self, value: object, reading: Reading) -> object:
        """Read the item at each place."""
        if not isinstance(value, list):
            return reading.refuse(self.expected, value)
        items = cast("list[object]", value)
        if len(items) != len(self.items):
            return reading.report(f"must be {self.expected}, got {len(items)}")
        pairs = zip(items, self.items, strict=True)
        return tuple(reading.member(index, *pair) for index, pair in enumerate(pairs))

    def schema(self, definitions: Definitions) -> Document:
        """Give the schema of an array of this length."""
        bounds: Document = {"minItems": len(self.items), "maxItems": len(self.items)}
        items = [item.schema(definitions) for item in self.items]
        return {"type": "array", **({"prefixItems": items} if items else {}), **bounds}


class Dictionary:
    """An object with members of any name."""

    expected = "an object"
    container = dict

    def __init__(self, *, key: Scalar, value: Shape) -> None:
        self.key = key
        self.value = value

    def read(self, value: object, reading: Reading) -> object:
        """Read every name and value."""
        if not isinstance(value, dict):
            return reading.refuse(self.expected, value)
        return {
            self._key(name, reading): reading.member(name, member, self.value)
            for name, member in cast("dict[str, object]", value).items()
        }

    def schema(self, definitions: Definitions) -> Document:
        """Give the schema of an object."""
        names = self.key.schema(definitions)
        return {
            "type": "object",
            **({} if names == {"type": "string"} else {"propertyNames": names}),
            "additionalProperties": self.value.schema(definitions),
        }

    def _key(self, name: str, reading: Reading) -> object:
        try:
            return self.key.parse(name)
        except ValueError:
            reading.report(f"has a name that must be {self.key.expected}", name)
            return name
