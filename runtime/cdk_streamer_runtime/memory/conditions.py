"""Conditions compiled to functions of an item and the values of the call."""

from __future__ import annotations

import operator
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.memory.tokens import InvalidExpression
from cdk_streamer_runtime.memory.trees import (
    Between,
    Both,
    Call,
    Comparison,
    Condition,
    Either,
    In,
    Negation,
    Operand,
    Path,
    Placeholder,
)
from cdk_streamer_runtime.memory.values import AttributeValue, Item, kind_of, order_of

Values = Mapping[str, AttributeValue]
Test = Callable[[Item, Values], bool]
Read = Callable[[Item, Values], AttributeValue | None]
Check = Callable[[Values], None]

ORDERED_KINDS = frozenset({"S", "N", "B"})
SIZED_KINDS = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})
KINDS = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compiled_condition(condition: Condition, checks: list[Check]) -> Test:
    """Give the test of a condition, and add the checks of the call's values to `checks`."""
    match condition:
        case Both(left, right):
            return _both(compiled_condition(left, checks), compiled_condition(right, checks))
        case Either(left, right):
            return _either(compiled_condition(left, checks), compiled_condition(right, checks))
        case Negation(inner):
            test = compiled_condition(inner, checks)
            return lambda item, values: not test(item, values)
        case Comparison():
            return _comparison(condition, checks)
        case Between():
            return _between(condition, checks)
        case In(operand, choices):
            return _in(operand, choices, checks)
        case Call():
            return _function(condition, checks)


def compiled_path(path: Path) -> Read:
    """Give the function that reads a path; None is a path that leads nowhere."""
    name, steps = path.attribute, path.inner
    if not steps:
        return lambda item, _values: item.get(name)

    def read(item: Item, _values: Values) -> AttributeValue | None:
        value = item.get(name)
        for step in steps:
            if value is None:
                return None
            value = member(value, step)
        return value

    return read


def member(value: AttributeValue, step: str | int) -> AttributeValue | None:
    """Give one member of a map or list, None if there is none."""
    if isinstance(step, str):
        return value["M"].get(step) if "M" in value else None
    elements = value.get("L", ())
    return elements[step] if step < len(elements) else None


def literal_check(operand: Operand, kinds: frozenset[str], function: str) -> list[Check]:
    """Give the checks that a literal operand has one of some types, whatever the item holds."""
    if isinstance(operand, Call) and operand.function == "size" and "N" not in kinds:
        raise InvalidExpression(
            "Incorrect operand type for operator or function; operator or function: "
            f"{function}, operand type: N"
        )
    if not isinstance(operand, Placeholder):
        return []

    def check(values: Values) -> None:
        kind = kind_of(values[operand.name])
        if kind not in kinds:
            raise InvalidExpression(
                "Incorrect operand type for operator or function; operator or function: "
                f"{function}, operand type: {kind}"
            )

    return [check]


def _compiled_operand(operand: Operand, checks: list[Check]) -> Read:
    match operand:
        case Placeholder(name):
            return lambda _item, values: values[name]
        case Path():
            return compiled_path(operand)
        case Call("size", (inner,)):
            checks += literal_check(inner, SIZED_KINDS, "size")
            return _size(_compiled_operand(inner, checks))
        case _:
            raise InvalidExpression("The operand is not allowed in a condition;")


def _both(left: Test, right: Test) -> Test:
    return lambda item, values: left(item, values) and right(item, values)


def _either(left: Test, right: Test) -> Test:
    return lambda item, values: left(item, values) or right(item, values)


def _comparison(condition: Comparison, checks: list[Check]) -> Test:
    sign = condition.operator
    _check_distinct(sign, condition.left, condition.right)
    left = _compiled_operand(condition.left, checks)
    right = _compiled_operand(condition.right, checks)
    if sign == "=":
        return lambda item, values: _equal(left(item, values), right(item, values))
    if sign == "<>":
        return lambda item, values: not _equal(left(item, values), right(item, values))
    for operand in (condition.left, condition.right):
        checks += literal_check(operand, ORDERED_KINDS, sign)
    order = _ORDERS[sign]
    return lambda item, values: _ordered(order, left(item, values), right(item, values))


def _between(condition: Between, checks: list[Check]) -> Test:
    operands = (condition.operand, condition.lower, condition.upper)
    for operand in operands:
        checks += literal_check(operand, ORDERED_KINDS, "BETWEEN")
    if isinstance(condition.lower, Placeholder) and isinstance(condition.upper, Placeholder):
        checks.append(_bounds_check(condition.lower.name, condition.upper.name))
    value, lower, upper = (_compiled_operand(operand, checks) for operand in operands)

    def test(item: Item, values: Values) -> bool:
        found = value(item, values)
        return _ordered(operator.ge, found, lower(item, values)) and _ordered(
            operator.le, found, upper(item, values)
        )

    return test


def _bounds_check(lower: str, upper: str) -> Check:
    def check(values: Values) -> None:
        if kind_of(values[lower]) != kind_of(values[upper]):
            raise InvalidExpression(
                "The BETWEEN operator requires same data type for lower and upper bounds;"
            )
        if not _ordered(operator.le, values[lower], values[upper]):
            raise InvalidExpression(
                "The BETWEEN operator requires upper bound to be greater than or equal to "
                "lower bound;"
            )

    return check


def _in(operand: Operand, choices: tuple[Operand, ...], checks: list[Check]) -> Test:
    value = _compiled_operand(operand, checks)
    others = [_compiled_operand(choice, checks) for choice in choices]

    def test(item: Item, values: Values) -> bool:
        found = value(item, values)
        return any(_equal(found, other(item, values)) for other in others)

    return test


def _function(call: Call, checks: list[Check]) -> Test:
    first = _compiled_operand(call.operands[0], checks)
    match call.function:
        case "attribute_exists":
            return lambda item, values: first(item, values) is not None
        case "attribute_not_exists":
            return lambda item, values: first(item, values) is None
        case "attribute_type":
            return _attribute_type(first, call.operands[1], checks)
        case function:
            _check_distinct(function, *call.operands[:2])
            second = _compiled_operand(call.operands[1], checks)
    if function == "contains":
        return lambda item, values: _contains(first(item, values), second(item, values))
    for operand in call.operands:
        checks += literal_check(operand, frozenset({"S", "B"}), function)
    return lambda item, values: _begins_with(first(item, values), second(item, values))


def _attribute_type(value: Read, operand: Operand, checks: list[Check]) -> Test:
    if not isinstance(operand, Placeholder):
        raise InvalidExpression(
            "Incorrect operand type for operator or function; operator or function: attribute_type"
        )
    name = operand.name

    def check(values: Values) -> None:
        if values[name].get("S") not in KINDS:
            raise InvalidExpression("Invalid attribute type name found;")

    checks += [*literal_check(operand, frozenset({"S"}), "attribute_type"), check]

    def test(item: Item, values: Values) -> bool:
        found = value(item, values)
        return found is not None and kind_of(found) == values[name]["S"]

    return test


def _check_distinct(function: str, first: Operand, second: Operand) -> None:
    if isinstance(first, Path) and first == second:
        raise InvalidExpression(
            "The first operand must be distinct from the remaining operands for this operator or "
            f"function; operator: {function}"
        )


def _size(value: Read) -> Read:
    def read(item: Item, values: Values) -> AttributeValue | None:
        found = value(item, values)
        if found is None:
            return None
        ((kind, content),) = found.items()
        if kind not in SIZED_KINDS:
            return None
        return {"N": str(len(b64decode(content) if kind == "B" else content))}

    return read


def _equal(left: AttributeValue | None, right: AttributeValue | None) -> bool:
    return left is not None and left == right


def _ordered(
    order: Callable[[Any, Any], bool], left: AttributeValue | None, right: AttributeValue | None
) -> bool:
    if left is None or right is None:
        return False
    kind = kind_of(left)
    if kind not in ORDERED_KINDS or kind != kind_of(right):
        return False
    return order(order_of(left), order_of(right))


def _contains(whole: AttributeValue | None, part: AttributeValue | None) -> bool:
    if whole is None or part is None:
        return False
    ((kind, content),) = whole.items()
    if kind == "L":
        return part in content
    if kind in {"SS", "NS", "BS"}:
        return part.get(kind[0]) in content
    if kind == "S" and "S" in part:
        return part["S"] in content
    return kind == "B" and "B" in part and b64decode(part["B"]) in b64decode(content)


def _begins_with(whole: AttributeValue | None, start: AttributeValue | None) -> bool:
    if whole is None or start is None:
        return False
    if "S" in whole and "S" in start:
        return whole["S"].startswith(start["S"])
    if "B" in whole and "B" in start:
        return b64decode(whole["B"]).startswith(b64decode(start["B"]))
    return False
