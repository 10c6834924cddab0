"""From an annotation to the shape that it stands for."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

from cdk_streamer_runtime.requests.inputs.containers import Dictionary, Row, Series
from cdk_streamer_runtime.requests.inputs.members import builder, declared, is_record
from cdk_streamer_runtime.requests.inputs.models import is_model
from cdk_streamer_runtime.requests.inputs.reading import Shape
from cdk_streamer_runtime.requests.inputs.records import Member, Record
from cdk_streamer_runtime.requests.inputs.scalars import Anything, Scalar, choice, scalar_of
from cdk_streamer_runtime.requests.inputs.unions import Tagged, Union
from cdk_streamer_runtime.requests.inputs.wrappers import annotation_text, unwrapped

_LISTS: Mapping[object, Callable[[list[object]], object]] = {
    list: list,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    set: set,
    collections.abc.Set: frozenset,
    frozenset: frozenset,
}
_DICTS: tuple[object, ...] = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_UNIONS: tuple[object, ...] = (types.UnionType, typing.Union)


def shape_of(annotation: object) -> Shape:
    """Give the shape of an annotation; raises TypeError for one that JSON cannot stand for."""
    compiler = _Compiler()
    try:
        shape = compiler.shape(annotation, "the input")
        compiler.finish()
    except RecursionError:
        raise TypeError(
            f"the input {annotation_text(annotation)} has an alias that is made of itself; use a "
            "dataclass that refers to itself, or Any"
        ) from None
    return shape


def is_annotation(class_: type) -> bool:
    """Whether a class is meant as a type of JSON, whether or not there is a shape for it."""
    return (
        is_record(class_)
        or scalar_of(class_) is not None
        or issubclass(class_, (Enum, str, int, float, bytes, list, tuple, dict, set, frozenset))
    )


class _Compiler:
    """Makes each class's record once; the members come last, for they may refer back to it."""

    def __init__(self) -> None:
        self._records: dict[type, Record] = {}
        self._pending: list[Record] = []
        self._tagged: list[tuple[Tagged, str]] = []

    def shape(self, annotation: object, where: str) -> Shape:
        """Give the shape; `where` names the place in error messages."""
        annotation = unwrapped(annotation)
        arguments = typing.get_args(annotation)
        origin: object = typing.get_origin(annotation) or annotation
        if annotation is Any or annotation is object:
            return Anything()
        if origin in _UNIONS:
            return self._union(arguments, where)
        if origin is typing.Literal:
            return _literal(arguments, where)
        if origin is tuple:
            return self._tuple(annotation, arguments, where)
        if isinstance(origin, type) and origin in _LISTS:
            return self._list(annotation, _LISTS[origin], where)
        if origin in _DICTS:
            return self._dict(arguments, where)
        if isinstance(annotation, type | None) and not arguments:
            return self._class(annotation or type(None), where)
        raise _unsupported(annotation, where)

    def finish(self) -> None:
        """Fill in the members of every record, and then the tags that they decide."""
        while self._pending:
            record = self._pending.pop()
            record.members = {
                member.name: Member(
                    shape=self.shape(member.annotation, member.where),
                    required=member.required,
                    default=member.default,
                )
                for member in declared(record.class_)
            }
        for tagged, where in self._tagged:
            try:
                tagged.resolve()
            except ValueError as error:
                raise TypeError(
                    f"the union of {where} has {error}; "
                    "give each a member of one name with a Literal of its own"
                ) from None

    def _class(self, class_: type[object], where: str) -> Shape:
        scalar = scalar_of(class_)
        if scalar is not None:
            return scalar
        if issubclass(class_, Enum):
            return _enumeration(class_, where)
        if is_model(class_):
            raise TypeError(
                f"{where} is of the class {class_.__name__}, whose own library has to check it; "
                "make the whole input a class of that library"
            )
        if not is_record(class_):
            raise _unsupported(class_, where)
        if class_ not in self._records:
            self._records[class_] = Record(class_=class_, build=builder(class_))
            self._pending.append(self._records[class_])
        return self._records[class_]

    def _union(self, arguments: tuple[object, ...], where: str) -> Shape:
        shapes = [self.shape(argument, where) for argument in _flat(arguments)]
        if any(isinstance(shape, Anything) for shape in shapes):
            return Anything()
        scalars = [shape for shape in shapes if isinstance(shape, Scalar)]
        # Numbers last: they would make a float of an integer, and lose digits of a long one.
        scalars.sort(key=lambda scalar: scalar.document.get("type") == "number")
        lists = [shape for shape in shapes if shape.container is list]
        objects = [shape for shape in shapes if shape.container is dict]
        if len(lists) > 1:
            raise TypeError(
                f"the union of {where} has several lists, and nothing tells them apart; "
                "make it one list of a union"
            )
        if len(objects) > 1:
            objects = [self._tag(objects, where)]
        return Union(scalars=tuple(scalars), containers=(*lists, *objects))

    def _tag(self, objects: list[Shape], where: str) -> Tagged:
        records = tuple(shape for shape in objects if isinstance(shape, Record))
        if len(records) < len(objects):
            raise TypeError(
                f"the union of {where} has a dict beside another object; make each a dataclass"
            )
        tagged = Tagged(records=records)
        self._tagged.append((tagged, where))
        return tagged

    def _tuple(self, annotation: object, arguments: tuple[object, ...], where: str) -> Shape:
        if not arguments and annotation != tuple[()]:
            return Series(item=Anything(), build=tuple)
        if len(arguments) == 2 and arguments[1] is ...:  # noqa: PLR2004 - as in tuple[int, ...]
            return Series(item=self.shape(arguments[0], where), build=tuple)
        return Row(items=tuple(self.shape(argument, where) for argument in arguments))

    def _list(
        self, annotation: object, build: Callable[[list[object]], object], where: str
    ) -> Shape:
        items = typing.get_args(annotation)
        item = self.shape(items[0], where) if items else Anything()
        if build is not list and not _is_plain(item):
            raise TypeError(
                f"{where} has the annotation {annotation_text(annotation)}, but a set can hold "
                "strings, numbers and other plain values only; use a list"
            )
        return Series(item=item, build=build)

    def _dict(self, arguments: tuple[object, ...], where: str) -> Shape:
        key, value = arguments or (str, Any)
        names = self.shape(key, where)
        if not isinstance(names, Scalar) or not names.is_text:
            raise TypeError(
                f"{where} has a dict with keys of {annotation_text(key)}, but the names of a JSON "
                "object are strings; use dict[str, ...]"
            )
        return Dictionary(key=names, value=self.shape(value, where))


def _flat(arguments: tuple[object, ...]) -> Iterator[object]:
    """Give the members of a union, and those of a union behind a name among them."""
    for argument in arguments:
        member = unwrapped(argument)
        if typing.get_origin(member) in _UNIONS:
            yield from _flat(typing.get_args(member))
        else:
            yield member


def _literal(values: tuple[object, ...], where: str) -> Scalar:
    try:
        return choice(
            (value.value if isinstance(value, Enum) else value, value) for value in values
        )
    except ValueError:
        raise TypeError(
            f"{where} has a Literal of {', '.join(map(repr, values))}, which JSON cannot carry; "
            "use strings, numbers, booleans or None"
        ) from None


def _enumeration(class_: type[Enum], where: str) -> Scalar:
    try:
        return choice((member.value, member) for member in class_)
    except ValueError:
        raise TypeError(
            f"{where} is of the Enum {class_.__name__}, whose members JSON cannot carry; "
            "give them strings or numbers"
        ) from None


def _is_plain(shape: Shape) -> bool:
    match shape:
        case Scalar():
            return True
        case Row():
            return all(_is_plain(item) for item in shape.items)
        case Union():
            return not shape.containers
        case _:
            return False


def _unsupported(annotation: object, where: str) -> TypeError:
    return TypeError(
        f"{where} has the annotation {annotation_text(annotation)}, which has no JSON form here; "
        "use a dataclass, TypedDict, str, int, float, bool, list, dict, Literal, Enum, date, "
        "datetime, UUID, Decimal, or Any"
    )
