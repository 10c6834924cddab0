"""Update expressions compiled to functions that give a changed copy of an item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cdk_streamer_runtime.memory.conditions import (
    Check,
    Read,
    Values,
    compiled_path,
    literal_check,
    member,
)
from cdk_streamer_runtime.memory.tokens import InvalidExpression
from cdk_streamer_runtime.memory.trees import (
    Actions,
    Arithmetic,
    Assignment,
    Call,
    Change,
    Operand,
    Path,
    Placeholder,
)
from cdk_streamer_runtime.memory.values import (
    AttributeValue,
    Item,
    kind_of,
    order_of,
    total,
)

Give = Callable[[Item, Values], AttributeValue]
Apply = Callable[[Item | None, Item, Values], Item | None]
SETS = frozenset({"SS", "NS", "BS"})


class InvalidUpdate(Exception):
    """The expression is right but does not fit the item; the text says why."""


def compiled_update(actions: Actions, checks: list[Check]) -> Apply:
    """Give the function that updates, and add the checks of the call's values to `checks`.

    It takes the old item, if there is one, and the item's key. An update that only takes away
    does not create an item.
    """
    _check_overlap(actions.paths)
    assigned = [_assignment(each, checks) for each in actions.assignments]
    assigned += [_addition(each, checks) for each in actions.additions]
    # New list elements are appended in the order of their positions, not of the expression.
    assigned.sort(key=lambda pair: _position(pair[0]))
    deleted = [_deletion(each, checks) for each in actions.deletions]
    # From the back, so that a removed list element moves none that is still to be removed.
    removed = sorted(actions.removals, key=_position, reverse=True)

    def apply(old: Item | None, key: Item, values: Values) -> Item | None:
        if old is None and not assigned:
            return None
        item = key if old is None else old
        news = [(path, give(item, values)) for path, give in assigned]
        lessened = [(path, read(item, values)) for path, read in deleted]
        changed = dict(item)
        for path, value in news:
            _store(changed, path, value)
        for path, value in lessened:
            if value is not None:
                _store(changed, path, value) if value else _remove(changed, path)
        for path in removed:
            _remove(changed, path)
        return changed

    return apply


def projected(item: Item, paths: Iterable[Path]) -> Item:
    """Give a copy of the item with only what some paths lead to."""
    tree: dict[str | int, Any] = {}
    for path in paths:
        branch = tree
        for step in path.steps:
            branch = branch.setdefault(step, {})
    found = _pruned({"M": item}, tree)
    return {} if found is None else found["M"]


def check_projection(paths: tuple[Path, ...]) -> None:
    """Refuse a projection in which one path is a part of another."""
    _check_overlap(paths)


def _pruned(value: AttributeValue, tree: dict[str | int, Any]) -> AttributeValue | None:
    if not tree:
        return value
    steps = sorted(tree, key=str) if "M" in value else sorted(tree, key=_number)
    found = [(step, child) for step in steps if (child := member(value, step)) is not None]
    pruned = [(step, _pruned(child, tree[step])) for step, child in found]
    kept = {step: child for step, child in pruned if child is not None}
    if not kept:
        return None
    return {"M": kept} if "M" in value else {"L": list(kept.values())}


def _number(step: str | int) -> int:
    return step if isinstance(step, int) else -1


def _position(path: Path) -> list[tuple[bool, str | int]]:
    return [(isinstance(step, int), step) for step in path.steps]


def _check_overlap(paths: tuple[Path, ...]) -> None:
    for number, one in enumerate(paths):
        for other in paths[number + 1 :]:
            for step, its in zip(one.steps, other.steps, strict=False):
                if type(step) is not type(its):
                    raise InvalidExpression("Two document paths conflict with each other;")
                if step != its:
                    break
            else:
                raise InvalidExpression("Two document paths overlap with each other;")


# --- new values --------------------------------------------------------------------------------


def _assignment(assignment: Assignment, checks: list[Check]) -> tuple[Path, Give]:
    read = _compiled_operand(assignment.operand, checks)

    def existing(item: Item, values: Values) -> AttributeValue:
        value = read(item, values)
        if value is None:
            raise InvalidUpdate(
                "The provided expression refers to an attribute that does not exist in the item"
            )
        return value

    return assignment.path, existing


def _compiled_operand(operand: Operand, checks: list[Check]) -> Read:
    match operand:
        case Placeholder(name):
            return lambda _item, values: values[name]
        case Path():
            return compiled_path(operand)
        case Arithmetic():
            return _arithmetic(operand, checks)
        case Call("if_not_exists", (path, default)):
            first = _compiled_operand(path, checks)
            second = _compiled_operand(default, checks)
            return lambda item, values: (
                second(item, values) if (found := first(item, values)) is None else found
            )
        case Call("list_append", operands):
            return _list_append(operands, checks)
        case _:
            raise InvalidExpression("The operand is not allowed in an update;")


def _arithmetic(operand: Arithmetic, checks: list[Check]) -> Read:
    for side in (operand.left, operand.right):
        checks += literal_check(side, frozenset({"N"}), operand.operator)
    left = _compiled_operand(operand.left, checks)
    right = _compiled_operand(operand.right, checks)
    sign = 1 if operand.operator == "+" else -1

    def read(item: Item, values: Values) -> AttributeValue:
        one = _content(left(item, values), "N")
        other = _content(right(item, values), "N")
        return {"N": total(one, other, sign)}

    return read


def _list_append(operands: tuple[Operand, ...], checks: list[Check]) -> Read:
    for side in operands:
        checks += literal_check(side, frozenset({"L"}), "list_append")
    first, second = (_compiled_operand(side, checks) for side in operands)

    def read(item: Item, values: Values) -> AttributeValue:
        head = _content(first(item, values), "L")
        return {"L": [*head, *_content(second(item, values), "L")]}

    return read


def _content(value: AttributeValue | None, kind: str) -> Any:  # noqa: ANN401 - what the kind holds
    if value is None:
        raise InvalidUpdate(
            "The provided expression refers to an attribute that does not exist in the item"
        )
    if kind not in value:
        raise InvalidUpdate("An operand in the update expression has an incorrect data type")
    return value[kind]


def _addition(change: Change, checks: list[Check]) -> tuple[Path, Give]:
    checks += literal_check(change.value, SETS | {"N"}, "ADD")
    current, name = compiled_path(change.path), change.value.name

    def read(item: Item, values: Values) -> AttributeValue:
        found, value = current(item, values), values[name]
        if found is None:
            return value
        kind = kind_of(value)
        content = _content(found, kind)
        if kind == "N":
            return {"N": total(content, value["N"], 1)}
        return _set(kind, {*content, *value[kind]})

    return change.path, read


def _deletion(change: Change, checks: list[Check]) -> tuple[Path, Read]:
    """None changes nothing, and an empty value removes the attribute: no set is empty."""
    checks += literal_check(change.value, SETS, "DELETE")
    current, name = compiled_path(change.path), change.value.name

    def read(item: Item, values: Values) -> AttributeValue | None:
        found, value = current(item, values), values[name]
        if found is None:
            return None
        kind = kind_of(value)
        left = set(_content(found, kind)) - set(value[kind])
        return _set(kind, left) if left else {}

    return change.path, read


def _set(kind: str, members: set[str]) -> AttributeValue:
    return {kind: sorted(members, key=lambda text: order_of({kind[0]: text}))}


# --- changed copies ----------------------------------------------------------------------------


def _store(item: Item, path: Path, value: AttributeValue) -> None:
    """Put a value into an item that is a copy already, copying what lies on the way to it."""
    name = path.attribute
    item[name] = _replaced(item.get(name), path.inner, value) if path.inner else value


def _remove(item: Item, path: Path) -> None:
    name = path.attribute
    if path.inner:
        item[name] = _replaced(item.get(name), path.inner, None)
    else:
        item.pop(name, None)


def _replaced(
    whole: AttributeValue | None, steps: Sequence[str | int], value: AttributeValue | None
) -> AttributeValue:
    step, *rest = steps
    if whole is None or ("M" if isinstance(step, str) else "L") not in whole:
        raise InvalidUpdate(
            "The document path provided in the update expression is invalid for update"
        )
    if rest:
        value = _replaced(member(whole, step), rest, value)
    if isinstance(step, str):
        members = dict(whole["M"])
        if value is None:
            members.pop(step, None)
        else:
            members[step] = value
        return {"M": members}
    elements = list(whole["L"])
    # A slice ends with the list: storing beyond it appends, removing beyond it does nothing.
    elements[step : step + 1] = [] if value is None else [value]
    return {"L": elements}
