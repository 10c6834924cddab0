"""Which types of events a pipeline takes, said in any of the ways that users like."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

EventType = str | re.Pattern[str] | Callable[[str], bool]
EventTypeOption = EventType | Collection[EventType]

_T = TypeVar("_T")
_WILDCARD = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTypes:
    """The types that a pipeline takes; a type is taken if any of these says so.

    `predicates` are asked once for each type and have to give the same answer always.
    """

    exact: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    predicates: tuple[Callable[[str], bool], ...] = ()
    any: bool = False

    def match(self, event_type: str) -> bool:
        """Tell whether events of this type are taken."""
        return self.any or event_type in self.exact or self.match_pattern(event_type)

    def match_pattern(self, event_type: str) -> bool:
        """Tell whether one of those that are no exact types takes it."""
        return (
            any(pattern.search(event_type) for pattern in self.regexes())
            or any(predicate(event_type) for predicate in self.predicates)
        )  # fmt: skip

    def regexes(self) -> tuple[re.Pattern[str], ...]:
        """Give the expressions to search types for; those of wildcards too."""
        return (*map(_wildcard_regex, self.wildcards), *self.patterns)


ANY_TYPE = EventTypes(any=True)


def event_types(option: EventTypeOption | None) -> EventTypes:
    """Give the types of an option; None and `*` are any type.

    A text is a type, or several with `*` for any characters; a compiled expression is searched
    for in types, a function is asked about them. Raises ValueError and TypeError.
    """
    if option is None:
        return ANY_TYPE
    several = _several(option)
    if not several:
        raise ValueError("event_type must name a type, got an empty list; '*' is any")
    texts: list[str] = []
    patterns: list[re.Pattern[str]] = []
    predicates: list[Callable[[str], bool]] = []
    for each in several:
        if isinstance(each, str):
            texts.append(_checked(each))
        elif isinstance(each, re.Pattern):
            patterns.append(_searchable(cast("re.Pattern[Any]", each)))
        elif callable(each):
            predicates.append(cast("Callable[[str], bool]", each))
        else:
            raise TypeError(
                "event_type must be a text, a compiled expression, a function of a type or a "
                f"list of these, got {each!r}"
            )
    return EventTypes(
        exact=_unique(text for text in texts if _WILDCARD not in text),
        wildcards=_unique(text for text in texts if _WILDCARD in text and text != _WILDCARD),
        patterns=_unique(patterns),
        predicates=_unique(predicates),
        any=_WILDCARD in texts,
    )


def _several(option: object) -> list[Any]:
    if isinstance(option, Collection) and not isinstance(option, str):
        return list(cast("Collection[Any]", option))
    return [option]


def _checked(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError(f"event_type must be a type like 'thing-created', got {text!r}")
    return text


def _searchable(pattern: re.Pattern[Any]) -> re.Pattern[str]:
    if isinstance(pattern.pattern, str):
        return pattern
    raise TypeError(f"event_type must be an expression of text, got {pattern!r} of bytes")


def _unique(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))


@cache
def _wildcard_regex(text: str) -> re.Pattern[str]:
    parts = map(re.escape, text.split(_WILDCARD))
    return re.compile(rf"\A{'.*'.join(parts)}\Z", re.DOTALL)
