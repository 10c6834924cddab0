"""The choice between several shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from cdk_streamer_runtime.requests.inputs.definitions import Definitions, Document
from cdk_streamer_runtime.requests.inputs.reading import (
    Reading,
    Shape,
    alternatives,
    shortened,
)
from cdk_streamer_runtime.requests.inputs.records import Member, Record
from cdk_streamer_runtime.requests.inputs.scalars import Scalar


class Tagged:
    """One of several records, told apart by the value of the member `tag`."""

    expected = "an object"
    container = dict

    def __init__(self, *, records: tuple[Record, ...]) -> None:
        self.records = records
        self.tag = ""
        self.by_tag: Mapping[tuple[bool, object], Record] = {}

    def resolve(self) -> None:
        """Find the tag, once all members are known; raises ValueError when there is none."""
        for name in self.records[0].members:
            by_tag = self._by(name)
            if by_tag is not None:
                self.tag, self.by_tag = name, by_tag
                return
        raise ValueError("several objects, and nothing tells them apart")

    def read(self, value: object, reading: Reading) -> object:
        """Read the record that the tag names."""
        if not isinstance(value, dict):
            return reading.refuse(self.expected, value)
        members = cast("dict[str, object]", value)
        if self.tag not in members:
            return reading.report("is missing", self.tag)
        tag = members[self.tag]
        hashable = isinstance(tag, str | int | float | None)
        record = self.by_tag.get((isinstance(tag, bool), tag)) if hashable else None
        if record is None:
            expected = alternatives([shortened(value) for _, value in self.by_tag])
            return reading.report(f"must be {expected}, got {shortened(tag)}", self.tag)
        return record.read(members, reading)

    def schema(self, definitions: Definitions) -> Document:
        """Give the schema that takes each of the records."""
        return {"anyOf": [record.schema(definitions) for record in self.records]}

    def _by(self, name: str) -> dict[tuple[bool, object], Record] | None:
        by_tag: dict[tuple[bool, object], Record] = {}
        for record in self.records:
            for value in _choices(record.members.get(name)):
                by_tag.setdefault((isinstance(value, bool), value), record)
        counts = [len(_choices(record.members.get(name))) for record in self.records]
        return by_tag if all(counts) and sum(counts) == len(by_tag) else None


class Union:
    """One of several scalars, one list shape and one object shape; the first that fits is taken."""

    container = None

    def __init__(self, *, scalars: tuple[Scalar, ...], containers: tuple[Shape, ...]) -> None:
        self.scalars = scalars
        self.containers = containers
        self.expected = alternatives([shape.expected for shape in (*containers, *scalars)])

    def read(self, value: object, reading: Reading) -> object:
        """Read by the shape that can take this kind of JSON value."""
        for shape in self.containers:
            if shape.container is not None and isinstance(value, shape.container):
                return shape.read(value, reading)
        for scalar in self.scalars:
            try:
                return scalar.parse(value)
            except ValueError:
                continue
        return reading.refuse(self.expected, value)

    def schema(self, definitions: Definitions) -> Document:
        """Give the schema that takes each of them."""
        shapes: tuple[Shape, ...] = (*self.containers, *self.scalars)
        return {"anyOf": [shape.schema(definitions) for shape in shapes]}


def _choices(member: Member | None) -> list[object]:
    if member is None or not member.required or not isinstance(member.shape, Scalar):
        return []
    return cast("list[object]", member.shape.document.get("enum", []))
