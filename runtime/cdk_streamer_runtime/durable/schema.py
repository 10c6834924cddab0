"""Whether a value fits a JSON Schema, in the keywords that types and models are described by.

The function that takes an answer has only the schema, not the type that the handler asked for.
https://json-schema.org/draft/2020-12/json-schema-validation; what is not known here is let pass,
for the handler's own type has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from fractions import Fraction
from typing import Any, cast

from cdk_streamer_runtime.requests.inputs.fault import Fault

MOST_FAULTS = 20
DEEPEST = 100  # schemas within schemas: one that refers to itself alone has no end
# Alternatives that refer to themselves double the work with each level of a value.
MOST_LOOKS = 300_000  # five for each value of the longest message

Schema = Mapping[str, Any]


def faults_of(value: object, schema: Schema) -> tuple[Fault, ...]:
    """Give what is wrong with a value, the first 20 faults of it."""
    found: list[Fault] = []
    for fault in _Check(schema).faults(value, schema, "", 0):
        found.append(fault)
        if len(found) == MOST_FAULTS:
            break
    return tuple(found)


class _Check:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._looks = 0

    def faults(self, value: object, schema: object, path: str, depth: int) -> Iterator[Fault]:
        self._looks += 1
        is_too_much = depth > DEEPEST or self._looks > MOST_LOOKS
        if schema is False or is_too_much:
            yield Fault(path=path, message="is not allowed")
        if not isinstance(schema, Mapping) or is_too_much:
            return
        rules = cast("Schema", schema)
        if "$ref" in rules:
            yield from self.faults(value, self._referred(rules["$ref"]), path, depth + 1)
        for keyword, check in _OF_VALUES.items():
            if keyword in rules and (message := check(value, rules[keyword])):
                yield Fault(path=path, message=message)
                if keyword == "type":
                    return  # what else is wrong would only repeat it
        yield from self._combined(value, rules, path, depth)
        if isinstance(value, dict):
            yield from self._members(cast("dict[str, Any]", value), rules, path, depth)
        if isinstance(value, list):
            yield from self._items(cast("list[Any]", value), rules, path, depth)

    def _combined(self, value: object, rules: Schema, path: str, depth: int) -> Iterator[Fault]:
        for part in rules.get("allOf", ()):
            yield from self.faults(value, part, path, depth + 1)
        for keyword in ("anyOf", "oneOf"):
            parts = rules.get(keyword)
            fits = [part for part in parts or () if self._fits(value, part, path, depth)]
            if parts and not fits:
                yield Fault(path=path, message="fits none of what is allowed")
            if keyword == "oneOf" and len(fits) > 1:
                yield Fault(path=path, message="fits more than one of what is allowed")
        if "not" in rules and self._fits(value, rules["not"], path, depth):
            yield Fault(path=path, message="is not allowed")

    def _members(
        self, value: dict[str, Any], rules: Schema, path: str, depth: int
    ) -> Iterator[Fault]:
        for name in rules.get("required", ()):
            if name not in value:
                yield Fault(path=f"{path}/{_escaped(name)}", message="is missing")
        properties = rules.get("properties", {})
        patterns = rules.get("patternProperties", {})
        for name, member in value.items():
            below = f"{path}/{_escaped(name)}"
            matching = [part for pattern, part in patterns.items() if re.search(pattern, name)]
            if name in properties:
                matching.append(properties[name])
            for part in matching or [rules.get("additionalProperties", True)]:
                yield from self.faults(member, part, below, depth + 1)

    def _items(self, value: list[Any], rules: Schema, path: str, depth: int) -> Iterator[Fault]:
        first = rules.get("prefixItems", ())
        for index, item in enumerate(value):
            part = first[index] if index < len(first) else rules.get("items", True)
            yield from self.faults(item, part, f"{path}/{index}", depth + 1)

    def _fits(self, value: object, schema: object, path: str, depth: int) -> bool:
        return next(self.faults(value, schema, path, depth + 1), None) is None

    def _referred(self, reference: str) -> object:
        found: object = self._root
        for token in reference.removeprefix("#").split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            known: Schema = found if isinstance(found, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]
            found = known.get(name, True)
        return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(cast("float", value)),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _type(value: object, names: str | list[str]) -> str | None:
    allowed = [names] if isinstance(names, str) else names
    fits = any(_TYPES.get(name, lambda _value: True)(value) for name in allowed)
    return None if fits else f"must be {' or '.join(allowed)}"


def _same(value: object) -> Hashable:
    """Give what is equal for values that JSON calls equal: `true` is no number, and 1.0 is 1."""
    if isinstance(value, list):
        return ("array", tuple(_same(each) for each in cast("list[object]", value)))
    if isinstance(value, dict):
        members = cast("dict[str, object]", value).items()
        return ("object", frozenset((name, _same(each)) for name, each in members))
    return (isinstance(value, bool), cast("Hashable", value))


def _enum(value: object, allowed: list[Any]) -> str | None:
    if any(_same(value) == _same(each) for each in allowed):
        return None
    return f"must be one of {', '.join(str(each) for each in allowed)}"


def _pattern(value: object, pattern: str) -> str | None:
    if not isinstance(value, str) or re.search(pattern, value):
        return None
    return f"must match {pattern}"


def _number(fits: Callable[[Any, Any], bool], text: str) -> Callable[[object, Any], str | None]:
    def check(value: object, limit: Any) -> str | None:  # noqa: ANN401 - a number of the schema
        return f"{text} {limit}" if _is_number(value) and not fits(value, limit) else None

    return check


def _length(
    kind: type, fits: Callable[[int, int], bool], text: str, unit: str
) -> Callable[[object, Any], str | None]:
    def check(value: object, limit: int) -> str | None:
        bad = isinstance(value, kind) and not fits(len(cast("list[Any]", value)), limit)
        return f"must have {text} {limit} {unit}" if bad else None

    return check


_OF_VALUES: dict[str, Callable[[object, Any], str | None]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda value, only: None if _same(value) == _same(only) else f"must be {only}",
    "pattern": _pattern,
    "minimum": _number(lambda value, limit: value >= limit, "must be at least"),
    "maximum": _number(lambda value, limit: value <= limit, "must be at most"),
    "exclusiveMinimum": _number(lambda value, limit: value > limit, "must be more than"),
    "exclusiveMaximum": _number(lambda value, limit: value < limit, "must be less than"),
    "multipleOf": _number(
        # As it is written: in binary, 19.99 is no multiple of 0.01.
        lambda value, step: Fraction(str(value)) % Fraction(str(step)) == 0,
        "must be a multiple of",
    ),
    "minLength": _length(str, lambda length, limit: length >= limit, "at least", "characters"),
    "maxLength": _length(str, lambda length, limit: length <= limit, "at most", "characters"),
    "minItems": _length(list, lambda length, limit: length >= limit, "at least", "items"),
    "maxItems": _length(list, lambda length, limit: length <= limit, "at most", "items"),
    "minProperties": _length(dict, lambda length, limit: length >= limit, "at least", "members"),
    "maxProperties": _length(dict, lambda length, limit: length <= limit, "at most", "members"),
    "uniqueItems": lambda value, wanted: (
        "must not have an item twice"
        if wanted and isinstance(value, list) and _has_twins(cast("list[Any]", value))
        else None
    ),
}


def _has_twins(items: list[Any]) -> bool:
    return len({_same(item) for item in items}) < len(items)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
