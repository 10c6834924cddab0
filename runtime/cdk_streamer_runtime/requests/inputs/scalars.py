"""Values without members: what JSON has, and what has a standard form as a string."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from cdk_streamer_runtime.requests.inputs.definitions import Definitions, Document
from cdk_streamer_runtime.requests.inputs.reading import Reading, alternatives, shortened

_CHOICES_SHOWN = 12
_SCALAR = str | int | float | None


class Scalar:
    """`parse` gives the Python value, or raises ValueError for anything else."""

    container = None

    # Plain classes all through: a dataclass costs a cold start a millisecond, and there are many.
    def __init__(
        self, *, expected: str, parse: Callable[[object], object], document: Document
    ) -> None:
        self.expected = expected
        self.parse = parse
        self.document = document

    @property
    def is_text(self) -> bool:
        """Whether its JSON is always a string, as the keys of an object are."""
        choices = self.document.get("enum")
        if isinstance(choices, list):
            return all(isinstance(choice, str) for choice in choices)  # pyright: ignore[reportUnknownVariableType]
        return self.document.get("type") == "string"

    def read(self, value: object, reading: Reading) -> object:
        """Parse the value."""
        try:
            return self.parse(value)
        except ValueError:
            return reading.refuse(self.expected, value)

    def schema(self, definitions: Definitions) -> Document:  # noqa: ARG002 - it needs none
        """Give its document."""
        return dict(self.document)


class Anything:
    """Any JSON value, as it is."""

    expected = "any value"
    container = None

    def read(self, value: object, reading: Reading) -> object:  # noqa: ARG002 - nothing is wrong
        """Give the value."""
        return value

    def schema(self, definitions: Definitions) -> Document:  # noqa: ARG002 - it needs none
        """Give the schema that takes everything."""
        return {}


def scalar_of(class_: type) -> Scalar | None:
    """Give the shape of a built-in class, or None for a class that is not one of these."""
    if class_ in _SCALARS:
        return _SCALARS[class_]
    text_form = _TEXT_FORMS.get(f"{class_.__module__}.{class_.__qualname__}")
    return None if text_form is None else text_form.scalar(class_)


def choice(values: Iterable[tuple[object, object]]) -> Scalar:
    """Give the shape of a fixed choice: pairs of what JSON has and what Python gets.

    Raises ValueError when there are none, or JSON has no such scalar.
    """
    pairs = list(values)
    if not pairs or not all(isinstance(json_value, _SCALAR) for json_value, _ in pairs):
        raise ValueError("not a choice of JSON values")
    # In Python True equals 1, in JSON it does not.
    known = {(isinstance(json_value, bool), json_value): value for json_value, value in pairs}

    def parse(value: object) -> object:
        key = (isinstance(value, bool), value)
        if isinstance(value, _SCALAR) and key in known:
            return known[key]
        raise ValueError

    words = [shortened(json_value) for _, json_value in known]
    if len(words) > _CHOICES_SHOWN:
        words[_CHOICES_SHOWN:] = [f"one of {len(words) - _CHOICES_SHOWN} more"]
    document: Document = {"enum": [json_value for _, json_value in known]}
    return Scalar(expected=alternatives(words), parse=parse, document=document)


class _TextForm(NamedTuple):
    """A class whose values are strings in JSON, made by calling its attribute `factory`."""

    expected: str
    pattern: str
    format: str | None = None
    factory: str = "__call__"

    def scalar(self, class_: Any) -> Scalar:  # noqa: ANN401 - datetime.date and the like, not imported
        make = class_ if self.factory == "__call__" else getattr(class_, self.factory)
        pattern = re.compile(self.pattern)

        def parse(value: object) -> object:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise ValueError
            return make(value)

        document: Document = {"type": "string", "pattern": f"^{self.pattern}$"}
        if self.format:
            document["format"] = self.format
        return Scalar(expected=self.expected, parse=parse, document=document)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _integer(value: object) -> int:
    # As in JSON Schema 1.0 is an integer: some languages write every number so.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise ValueError from None
        if math.isfinite(number):  # 1e999 in the text is not
            return number
    raise ValueError


def _null(value: object) -> None:
    if value is not None:
        raise ValueError


_SCALARS: Mapping[object, Scalar] = {
    str: Scalar(expected="a string", parse=_text, document={"type": "string"}),
    bool: Scalar(expected="true or false", parse=_boolean, document={"type": "boolean"}),
    int: Scalar(expected="an integer", parse=_integer, document={"type": "integer"}),
    float: Scalar(expected="a number", parse=_number, document={"type": "number"}),
    type(None): Scalar(expected="null", parse=_null, document={"type": "null"}),
}

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
# By name, so that an app that uses none of them does not import their modules either.
_TEXT_FORMS: Mapping[str, _TextForm] = {
    "datetime.datetime": _TextForm(
        expected="a date and time with an offset, such as '2025-01-31T09:30:00Z'",
        pattern=rf"{_DATE}T{_HOUR_MINUTE}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{_HOUR_MINUTE})",
        format="date-time",
        factory="fromisoformat",
    ),
    "datetime.date": _TextForm(
        expected="a date such as '2025-01-31'",
        pattern=_DATE,
        format="date",
        factory="fromisoformat",
    ),
    "uuid.UUID": _TextForm(
        expected="a UUID such as '3f2b8c1e-9d4a-4e6b-8a57-0c1d2e3f4a5b'",
        pattern="[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
        format="uuid",
    ),
    "decimal.Decimal": _TextForm(
        expected="a decimal number as a string, such as '19.99'",
        pattern=r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?",
    ),
}
