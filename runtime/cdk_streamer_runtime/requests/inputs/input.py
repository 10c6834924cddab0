"""What an action takes: how a payload is checked, and how clients are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self, cast

from cdk_streamer_runtime.requests.inputs.annotations import is_annotation, shape_of
from cdk_streamer_runtime.requests.inputs.definitions import Definitions, Document
from cdk_streamer_runtime.requests.inputs.fault import InvalidInput
from cdk_streamer_runtime.requests.inputs.models import function_of, is_model, model_of
from cdk_streamer_runtime.requests.inputs.reading import Reading, Shape
from cdk_streamer_runtime.requests.inputs.records import Record

# Where the classes of annotations live, many of which are callable too.
_OF_ANNOTATIONS = frozenset({"collections.abc", "types", "typing", "typing_extensions"})


class _Check(Protocol):
    def read(self, value: object, reading: Reading) -> object: ...


class Input:
    """Checks payloads against what the author of an action has declared."""

    def __init__(self, check: _Check, document: Document) -> None:
        self._check = check
        self._document = document

    @classmethod
    def of(cls, type_: object) -> Self:
        """Give the check for a dataclass, TypedDict, generic alias, model, callable, or None.

        None takes any JSON value. Raises TypeError for what could check nothing.
        """
        if is_model(type_):
            model = model_of(cast("type", type_))
            return cls(model, model.document)
        if _is_function(type_):
            model = function_of(cast("Callable[[Any], object]", type_))
            return cls(model, model.document)
        shape = shape_of(Any if type_ is None else type_)
        return cls(shape, _document(shape))

    def schema(self) -> dict[str, Any]:
        """Give the JSON Schema (2020-12) of the payload, {} where only a callable knows."""
        return self._document

    def read(self, payload: object) -> Any:  # noqa: ANN401 - what the author has declared
        """Give the payload as the declared type; raises InvalidInput with up to 20 faults."""
        reading = Reading()
        value = self._check.read(payload, reading)
        if reading.count:
            raise InvalidInput(reading.faults)
        return value


def _document(shape: Shape) -> Document:
    definitions = Definitions()
    if isinstance(shape, Record):
        definitions.root(shape.class_)
        document = shape.document(definitions)
    else:
        document = shape.schema(definitions)
    return {**document, **({"$defs": definitions.documents} if definitions.documents else {})}


def _is_function(type_: object) -> bool:
    """Whether it is to be called with the payload, rather than read as an annotation."""
    if isinstance(type_, type):
        return type_.__module__ not in {*_OF_ANNOTATIONS, "builtins"} and not is_annotation(type_)
    return callable(type_) and type(type_).__module__ not in _OF_ANNOTATIONS
