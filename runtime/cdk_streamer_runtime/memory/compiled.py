"""The expressions of one call, compiled once for all calls that have the same texts and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar, cast

from cdk_streamer_runtime.memory.conditions import Check, Test, Values, compiled_condition
from cdk_streamer_runtime.memory.expressions import Parser
from cdk_streamer_runtime.memory.tokens import InvalidExpression
from cdk_streamer_runtime.memory.trees import Condition, Path
from cdk_streamer_runtime.memory.updates import Apply, check_projection, compiled_update
from cdk_streamer_runtime.memory.values import InvalidValue, normalized_item

Result = TypeVar("Result")


class _Texts(NamedTuple):
    """The expressions of one call, as they came."""

    update: str | None
    condition: str | None
    keep: str | None
    key_condition: str | None
    projection: str | None


# Parameters that this memory does not know: ignoring them would make a wrong program pass.
_LEGACY = frozenset(
    {
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """All expressions of one call; None is an expression that the call does not have."""

    update: Apply | None
    update_paths: tuple[Path, ...]
    condition: Test | None
    filter: Test | None
    filter_tree: Condition | None
    key_condition: Condition | None
    projection: tuple[Path, ...] | None
    checks: tuple[Check, ...]


def expressions_of(parameters: Mapping[str, object]) -> tuple[Compiled, Values]:
    """Give the compiled expressions of a call and its values, checked against each other."""
    names = cast("Mapping[str, str] | None", parameters.get("ExpressionAttributeNames"))
    raw_values = parameters.get("ExpressionAttributeValues")
    if names is not None and not names:
        raise InvalidValue("ExpressionAttributeNames must not be empty")
    if raw_values is not None and not raw_values:
        raise InvalidValue("ExpressionAttributeValues must not be empty")
    values = {} if raw_values is None else normalized_item(raw_values)
    text = cast("Callable[[str], str | None]", parameters.get)
    texts = _Texts(
        update=text("UpdateExpression"),
        condition=text("ConditionExpression"),
        keep=text("FilterExpression"),
        key_condition=text("KeyConditionExpression"),
        projection=text("ProjectionExpression"),
    )
    compiled = _compiled(texts, () if names is None else tuple(names.items()), tuple(values))
    for check in compiled.checks:
        check(values)
    return compiled, values


def refuse_legacy(parameters: Mapping[str, object]) -> None:
    """Raise NotImplementedError for what predates expressions."""
    legacy = _LEGACY & parameters.keys()
    if legacy:
        raise NotImplementedError(f"{min(legacy)} is not known here; use an expression")


@lru_cache(maxsize=4096)
def _compiled(
    texts: _Texts, names: tuple[tuple[str, str], ...], values: tuple[str, ...]
) -> Compiled:
    if (names or values) and all(text is None for text in texts):
        raise InvalidExpression("ExpressionAttributeNames need an expression")
    reading = _Reading(dict(names), values)
    actions = reading.parsed("UpdateExpression", texts.update, Parser.actions)
    test = reading.parsed("ConditionExpression", texts.condition, Parser.condition)
    keep = reading.parsed("FilterExpression", texts.keep, Parser.condition)
    keys = reading.parsed("KeyConditionExpression", texts.key_condition, Parser.condition)
    paths = reading.parsed("ProjectionExpression", texts.projection, Parser.projection)
    reading.refuse_unused()
    if paths is not None:
        check_projection(paths)
    checks: list[Check] = []
    if keys is not None:
        compiled_condition(keys, checks)
    return Compiled(
        update=None if actions is None else compiled_update(actions, checks),
        update_paths=() if actions is None else actions.paths,
        condition=None if test is None else compiled_condition(test, checks),
        filter=None if keep is None else compiled_condition(keep, checks),
        filter_tree=keep,
        key_condition=keys,
        projection=paths,
        checks=tuple(checks),
    )


class _Reading:
    """What the expressions of one call use of its names and values."""

    def __init__(self, names: Mapping[str, str], values: tuple[str, ...]) -> None:
        self._names = names
        self._values = values
        self._used_names: set[str] = set()
        self._used_values: set[str] = set()

    def parsed(
        self, kind: str, text: str | None, read: Callable[[Parser], Result]
    ) -> Result | None:
        if text is None:
            return None
        try:
            parser = Parser(text, self._names)
            tree = read(parser)
        except InvalidExpression as error:
            raise InvalidExpression(f"Invalid {kind}: {error}") from None
        undefined = parser.used_values - set(self._values)
        if undefined:
            raise InvalidExpression(
                f"Invalid {kind}: An expression attribute value used in expression is not "
                f"defined; attribute value: {min(undefined)}"
            )
        self._used_names |= parser.used_names
        self._used_values |= parser.used_values
        return tree

    def refuse_unused(self) -> None:
        names = sorted(self._names.keys() - self._used_names)
        if names:
            raise InvalidExpression(
                "Value provided in ExpressionAttributeNames unused in expressions: "
                f"keys: {{{', '.join(names)}}}"
            )
        values = sorted(set(self._values) - self._used_values)
        if values:
            raise InvalidExpression(
                "Value provided in ExpressionAttributeValues unused in expressions: "
                f"keys: {{{', '.join(values)}}}"
            )
