"""Which records of a stream a mapping's filters let through.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

Matches = Callable[[object], bool]

_ABSENT = object()
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def patterns(mapping: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Give what tells whether a record passes one of the filters; without filters, all do.

    Raises ValueError for a pattern that Lambda would refuse.
    """
    criteria: Mapping[str, Any] = mapping.get("FilterCriteria") or {}
    filters: list[Mapping[str, str]] = criteria.get("Filters") or []
    compiled = [_object(_document(each["Pattern"])) for each in filters if each.get("Pattern")]
    if not compiled:
        return lambda record: True  # noqa: ARG005 - of any record
    return lambda record: any(matches(filtered_form(record)) for matches in compiled)


def filtered_form(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a record as patterns see it: of Kinesis, `data` is what its JSON says.

    What is no JSON has no `data`, so no pattern for it matches.
    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
    """
    if "kinesis" not in record:
        return record
    others = {name: value for name, value in record.items() if name != "kinesis"}
    kinesis = {name: value for name, value in record["kinesis"].items() if name != "data"}
    try:
        data = {"data": json.loads(base64.b64decode(record["kinesis"]["data"]))}
    except (ValueError, RecursionError):
        data = {}
    return {**others, **kinesis, **data}


def _document(text: str) -> Mapping[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"a filter pattern is an object, got {text!r}")  # noqa: TRY004 - as JSON's
    return cast("Mapping[str, Any]", document)


def _object(pattern: Mapping[str, Any]) -> Matches:
    members = {name: _member(name, value) for name, value in pattern.items() if name != "$or"}
    either = [_object(each) for each in pattern.get("$or", ())]

    def matches(value: object) -> bool:
        if isinstance(value, list):
            return any(matches(element) for element in cast("list[object]", value))
        found = cast("Mapping[str, object]", value if isinstance(value, dict) else {})
        return all(test(found.get(name, _ABSENT)) for name, test in members.items()) and (
            not either or any(test(found) for test in either)
        )

    return matches


def _member(name: str, pattern: object) -> Matches:
    match pattern:
        case dict():
            return _object(cast("Mapping[str, Any]", pattern))
        case list():
            tests = [_rule(rule) for rule in cast("list[object]", pattern)]
            return lambda value: any(_each(value, test) for test in tests)
        case _:
            raise ValueError(f"the filter of {name!r} is a list of rules, got {pattern!r}")


def _each(value: object, test: Matches) -> bool:
    if isinstance(value, list):
        return any(test(element) for element in cast("list[object]", value))
    return test(value)


def _rule(rule: object) -> Matches:
    if not isinstance(rule, dict):
        return lambda value: _equal(value, rule)
    ((name, argument),) = cast("Mapping[str, object]", rule).items()
    if name not in _RULES:
        raise ValueError(f"filters have no rule {name!r}; use one of {', '.join(_RULES)}")
    return _RULES[name](argument)


def _exists(wanted: object) -> Matches:
    return lambda value: _is_leaf(value) if wanted else value is _ABSENT


def _on_text(test: Callable[[str, str], bool]) -> Callable[[object], Matches]:
    """Give the rule that is about a text, with a text."""

    def rule(wanted: object) -> Matches:
        text = str(wanted)
        return lambda value: isinstance(value, str) and test(value, text)

    return rule


def _anything_but(but: object) -> Matches:
    refused = cast("list[object]", but if isinstance(but, list) else [but])
    rules = [_rule(rule) for rule in refused]
    return lambda value: _is_leaf(value) and not any(test(value) for test in rules)


def _numeric(terms: object) -> Matches:
    words = [str(term) for term in cast("list[object]", terms)]
    if not set(words[::2]) <= _COMPARISONS.keys():
        raise ValueError(f"a numeric filter has signs and numbers in turn, got {terms!r}")
    pairs = [
        (_COMPARISONS[sign], float(limit))
        for sign, limit in zip(words[::2], words[1::2], strict=True)
    ]
    return lambda value: (
        _is_number(value)
        and all(holds(float(cast("float", value)), limit) for holds, limit in pairs)
    )


def _is_leaf(value: object) -> bool:
    return value is not _ABSENT and not isinstance(value, dict)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(value: object, wanted: object) -> bool:
    # JSON's true is no 1.
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


_RULES: Mapping[str, Callable[[object], Matches]] = {
    "exists": _exists,
    "prefix": _on_text(str.startswith),
    "suffix": _on_text(str.endswith),
    "equals-ignore-case": _on_text(lambda value, text: value.casefold() == text.casefold()),
    "anything-but": _anything_but,
    "numeric": _numeric,
}
