"""The members that a dataclass or TypedDict declares."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from cdk_streamer_runtime.requests.inputs.definitions import Document
from cdk_streamer_runtime.requests.inputs.wrappers import requirement

_PLAIN = (str, int, float, bool, type(None))


class Declared(NamedTuple):
    """One member; `default` is what a schema can show of it."""

    name: str
    annotation: object
    where: str
    required: bool
    default: Document


def is_record(class_: type[object]) -> bool:
    """Whether the class is a dataclass or a TypedDict."""
    return _is_typed_dict(class_) or dataclasses.is_dataclass(class_)


def builder(class_: type) -> Callable[[Mapping[str, object]], object]:
    """Give what makes an object of its members; raises TypeError when there is no such way."""
    if _is_typed_dict(class_):
        return dict
    parameters: Any = getattr(class_, "__dataclass_params__", None)
    if parameters is not None and not parameters.init:
        raise TypeError(
            f"the dataclass {class_.__name__} has an __init__ of its own, which an input cannot "
            "have; leave it to dataclass"
        )
    return lambda members: class_(**members)


def declared(class_: type) -> Iterator[Declared]:
    """Give the members that a payload can have; raises TypeError for what none can give."""
    hints = _hints(class_)
    if _is_typed_dict(class_):
        yield from _of_typed_dict(class_, hints)
    else:
        yield from _of_dataclass(class_, hints)


def _of_typed_dict(class_: type, hints: Mapping[str, object]) -> Iterator[Declared]:
    # The hint decides: `__required_keys__` is wrong where annotations are strings.
    required: frozenset[str] = cast("Any", class_).__required_keys__
    for name, hint in hints.items():
        stated = requirement(hint)
        yield Declared(
            name=name,
            annotation=hint,
            where=f"member {name!r} of {class_.__name__}",
            required=name in required if stated is None else stated,
            default={},
        )


def _of_dataclass(class_: type, hints: Mapping[str, object]) -> Iterator[Declared]:
    for name, hint in hints.items():
        if isinstance(hint, dataclasses.InitVar):
            raise TypeError(
                f"field {name!r} of {class_.__name__} is an InitVar, which an input cannot have; "
                "make it a field"
            )
    for field in dataclasses.fields(cast("Any", class_)):
        if field.init:
            plain = type(field.default) in _PLAIN
            yield Declared(
                name=field.name,
                annotation=hints[field.name],
                where=f"field {field.name!r} of {class_.__name__}",
                required=field.default is field.default_factory is dataclasses.MISSING,
                default={"default": field.default} if plain else {},
            )


def _hints(class_: type) -> dict[str, object]:
    try:
        # With its own name, so that a class of a function can refer to itself.
        return typing.get_type_hints(class_, localns={class_.__name__: class_}, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"an annotation of {class_.__name__} cannot be read: {error}; define or import that "
            "type at the top of its module, not in a function nor under TYPE_CHECKING"
        ) from error


def _is_typed_dict(class_: type) -> bool:
    # Not typing.is_typeddict: typing_extensions has a TypedDict of its own.
    return issubclass(class_, dict) and hasattr(cast("type", class_), "__required_keys__")
