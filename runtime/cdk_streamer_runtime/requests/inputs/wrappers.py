"""What annotations are wrapped in that says nothing about their JSON."""

from __future__ import annotations

import typing
from typing import Any, cast

_NAMES = frozenset({"Annotated", "Required", "NotRequired", "ReadOnly", "Final"})


def unwrapped(annotation: object) -> object:
    """Look through NewType, Annotated, type aliases and the like."""
    if _wrapper(annotation):
        return unwrapped(typing.get_args(annotation)[0])
    if isinstance(annotation, typing.NewType):
        return unwrapped(annotation.__supertype__)
    # By name: the class is newer than Python 3.11.
    if type(annotation).__name__ == "TypeAliasType":
        return unwrapped(cast("Any", annotation).__value__)
    return annotation


def requirement(annotation: object) -> bool | None:
    """Tell whether Required or NotRequired is around an annotation, None for neither."""
    while wrapper := _wrapper(annotation):
        if wrapper in ("Required", "NotRequired"):
            return wrapper == "Required"
        annotation = typing.get_args(annotation)[0]
    return None


def annotation_text(annotation: object) -> str:
    """Name an annotation in an error message."""
    return annotation.__name__ if isinstance(annotation, type) else repr(annotation)


def _wrapper(annotation: object) -> str | None:
    origin: object = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return "Annotated"
    # By name: typing_extensions has some of its own.
    name = getattr(origin, "_name", None)
    return name if name in _NAMES else None
