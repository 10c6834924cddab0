"""Options of rules: what each may be, told to whoever gives something else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from cdk_streamer_runtime.contract.streams import RULE_ID_PATTERN
from cdk_streamer_runtime.streams.routing.patterns import event_types


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an option may be: in words, and the test of it, which gives what is wrong or None."""

    words: str
    refusal: Callable[[Any], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a rule: what it may be and what it is for."""

    kind: Kind
    doc: str
    is_optional: bool


def option(
    kind: Kind,
    doc: str,
    *,
    default: Any = MISSING,  # noqa: ANN401 - as dataclasses.field has it
    is_optional: bool = False,
    kw_only: bool = True,
) -> Any:  # noqa: ANN401 - as dataclasses.field has it
    """Declare an option of a rule. Without a default it has to be given.

    None is allowed where it is the default, and where it says so.
    """
    declared = Option(kind=kind, doc=doc, is_optional=is_optional or default is None)
    return field(default=default, kw_only=kw_only, metadata={"option": declared})


def _kind(words: str, accepts: Callable[[Any], bool]) -> Kind:
    return Kind(
        words=words,
        refusal=lambda value: None if accepts(value) else f"must be {words}, got {_named(value)}",
    )


def function_of(*parameters: str) -> Kind:
    """Give the kind of a plain function of so many things, not a coroutine."""
    words = f"a function of {' and '.join(parameters)}"

    def refusal(value: Any) -> str | None:  # noqa: ANN401
        if not callable(value):
            return f"must be {words}, got {value!r}"
        if inspect.iscoroutinefunction(value):
            return (
                f"must be {words} that does not wait, got {_named(value)}; "
                "do what waits in a pipeline of your own, by stream.call(...)"
            )
        if not _takes(value, len(parameters)):
            return f"must be {words}, got {_named(value)} with other parameters"
        return None

    return Kind(words=words, refusal=refusal)


def one_of(*kinds: Kind) -> Kind:
    """Give the kind of a value that is of any of these."""
    words = " or ".join(kind.words for kind in kinds)
    return _kind(words, lambda value: any(kind.refusal(value) is None for kind in kinds))


def choice(*values: object) -> Kind:
    """Give the kind of a value that is one of these."""
    return _kind(" or ".join(map(repr, values)), lambda value: value in values)


def instance_of(words: str, find: Callable[[], type | tuple[type, ...]]) -> Kind:
    """Give the kind of instances of a class, which is imported when one is given."""
    return _kind(words, lambda value: isinstance(value, find()))


def _takes(function: Callable[..., object], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a function of C that does not tell
        return True
    return True


def _named(value: object) -> str:
    if isinstance(value, partial):
        return _named(value.func)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if inspect.isroutine(value):
        sort = "coroutine function" if inspect.iscoroutinefunction(value) else "function"
        return f"the {sort} {value.__name__!r}"
    return repr(value)


def _types_refusal(value: Any) -> str | None:  # noqa: ANN401
    if value is None:
        return f"must be {EVENT_TYPE.words}, got None"
    try:
        event_types(value)
    except (TypeError, ValueError) as error:
        return str(error).removeprefix("event_type ")
    return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_positive(value: object) -> bool:
    return isinstance(value, timedelta) and value > timedelta()


def _are_names(value: object) -> bool:
    return isinstance(value, tuple | list) and bool(value) and all(map(_is_name, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


ID = _kind(
    "a text of up to 64 letters, digits, dots, dashes and underscores",
    lambda value: isinstance(value, str) and bool(re.fullmatch(RULE_ID_PATTERN, value)),
)
EVENT_TYPE = Kind(
    words="a type, several with `*`, a compiled expression, a function of a type, or a list",
    refusal=_types_refusal,
)
UOW_FUNCTION = function_of("a unit of work")
BOOLEAN = _kind("True or False", lambda value: isinstance(value, bool))
COUNT = _kind("a number of 1 or more", _is_count)
NAME = _kind("a name", _is_name)
NAMES = _kind("a list of names", _are_names)
DURATION = _kind("a timedelta above zero", _is_positive)
MAPPING = _kind("a mapping", lambda value: isinstance(value, Mapping))


def _policy() -> type:
    from cdk_streamer_runtime.streams.faults.policy import Policy

    return Policy


POLICY = instance_of("a Policy", _policy)
