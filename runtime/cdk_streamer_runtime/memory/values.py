"""Attribute values as DynamoDB stores them: checked, normalized, ordered and measured.

A normalized value is never changed afterwards, so items share them, and `==` is DynamoDB's
equality: numbers have one text, sets are sorted, binary is canonical base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BinaryError
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, localcontext
from typing import Any, cast

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]
Order = str | int | Decimal | bytes

DIGITS = 38
NESTING = 32
EXPONENTS = range(-130, 126)  # of the leading digit
EXACT_DIGITS = 17  # of numbers that are added without Decimal: their sum has too few to round
_PLAIN = frozenset({"S", "N", "B", "BOOL", "NULL"})


class InvalidValue(Exception):
    """DynamoDB would refuse this value; the text says why."""


def normalized_item(item: object) -> Item:
    """Give a copy of an attribute map that shares nothing with it."""
    if not isinstance(item, (dict, Mapping)):
        raise InvalidValue("an item must be a map of attribute values")
    attributes = cast("Mapping[str, AttributeValue]", item)
    # Texts, which most attributes are, without the call: this runs with every call of DynamoDB.
    return {
        name: {"S": value["S"]}
        if type(value) is dict and len(value) == 1 and type(value.get("S")) is str
        else normalized(value)
        for name, value in attributes.items()
    }


def normalized(value: object, depth: int = 1) -> AttributeValue:
    """Give a copy of an attribute value in its only form; raises InvalidValue."""
    if not isinstance(value, (dict, Mapping)):
        raise InvalidValue("an attribute value must be a map of one type to its content")
    members = cast("Mapping[str, Any]", value)
    if len(members) != 1:
        raise InvalidValue(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            if not members
            else "Supplied AttributeValue has more than one datatypes set, must contain exactly one"
        )
    ((kind, content),) = members.items()
    if kind == "S" and isinstance(content, str):
        return {"S": content}
    if kind == "N" and isinstance(content, str):
        return {"N": normalized_number(content)}
    normalize = _NORMALIZERS.get(kind)
    if normalize is None:
        raise InvalidValue(f"attribute type {kind!r} is unknown or its content is malformed")
    if depth > NESTING:
        raise InvalidValue("Nesting Levels have exceeded supported limits")
    return {kind: normalize(content, depth)}


def normalized_number(text: str) -> str:
    """Give the one text of a number, without exponent or needless zeros; raises InvalidValue."""
    if text.isascii() and text.isdecimal() and len(text) <= DIGITS and text[0] != "0":
        return text
    number = parsed_number(text)
    if number == 0:
        return "0"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def parsed_number(text: str) -> Decimal:
    """Give the number, within the precision and magnitude of DynamoDB; raises InvalidValue."""
    if not text.isascii() or "_" in text or text.strip() != text:
        raise InvalidValue("The parameter cannot be converted to a numeric value")
    try:
        number = Decimal(text)
    except DecimalException:
        raise InvalidValue("The parameter cannot be converted to a numeric value") from None
    if not number.is_finite():
        raise InvalidValue("The parameter cannot be converted to a numeric value")
    return checked_number(number)


def checked_number(number: Decimal) -> Decimal:
    """Give the number back when DynamoDB can hold it; raises InvalidValue."""
    if number == 0:
        return number
    digits = len("".join(map(str, number.as_tuple().digits)).strip("0"))
    if digits > DIGITS:
        raise InvalidValue("Attempting to store more than 38 significant digits in a Number")
    if number.adjusted() not in EXPONENTS:
        raise InvalidValue("Number overflow or underflow: its magnitude is not supported")
    return number


def total(left: str, right: str, sign: int) -> str:
    """Give `left + sign * right` of two number texts, rounded to what DynamoDB holds."""
    small = len(left) <= EXACT_DIGITS and len(right) <= EXACT_DIGITS
    if small and left.isdecimal() and right.isdecimal():
        return str(int(left) + sign * int(right))
    with localcontext(Context(prec=DIGITS)):
        number = Decimal(left) + sign * Decimal(right)
    return normalized_number(str(checked_number(number)))


def copied_item(item: Item) -> Item:
    """Give a copy that a caller may change."""
    # One expression, for this runs with every answer: most attributes are plain.
    return {
        name: {kind: content if kind in _PLAIN else _copied(kind, content)}
        for name, value in item.items()
        for kind, content in value.items()
    }


def _copied(kind: str, content: Any) -> object:  # noqa: ANN401 - what the kind holds
    if kind == "M":
        return copied_item(content)
    if kind == "L":
        return [{kind: _copied(kind, each[kind])} for each in content for kind in each]
    return content if kind in _PLAIN else [*content]


def kind_of(value: AttributeValue) -> str:
    """Give the type of an attribute value."""
    return next(iter(value))


def order_of(value: AttributeValue) -> Order:
    """Give what sorts as DynamoDB sorts values of the same type S, N or B."""
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content) if "." in content else int(content)
    return b64decode(content) if kind == "B" else content


def size_of_item(item: Item) -> int:
    """Give the bytes that DynamoDB counts for an item."""
    size = 0
    for name, value in item.items():
        for kind, content in value.items():
            size += _length(name) + (_SIZES[kind](content) if kind in _SIZES else 1)
    return size


def size_of_attribute(name: str, value: AttributeValue) -> int:
    """Give the bytes of one attribute, its name included."""
    return _length(name) + size_of(value)


def size_of(value: AttributeValue) -> int:
    """Give the bytes of a value.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    ((kind, content),) = value.items()
    return _SIZES[kind](content) if kind in _SIZES else 1


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number_size(text: str) -> int:
    digits = text.strip("0") if text.isdecimal() else text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _length,
    "N": _number_size,
    "B": lambda content: len(b64decode(content)),
    "M": lambda content: 3 + len(content) + size_of_item(content),
    "L": lambda content: 3 + len(content) + sum(map(size_of, content)),
    "SS": lambda content: sum(map(_length, content)),
    "NS": lambda content: sum(map(_number_size, content)),
    "BS": lambda content: sum(len(b64decode(each)) for each in content),
}


def _binary(content: object, _depth: int) -> str:
    if not isinstance(content, str):
        raise InvalidValue("binary must be base64 text")
    try:
        return b64encode(b64decode(content, validate=True)).decode()
    except BinaryError:
        raise InvalidValue("binary must be base64 text") from None


def _boolean(content: object, _depth: int) -> bool:
    if not isinstance(content, bool):
        raise InvalidValue("BOOL must be true or false")
    return content


def _null(content: object, _depth: int) -> bool:
    if content is not True:
        raise InvalidValue("Null attribute value types must have the value of true")
    return True


def _map(content: object, depth: int) -> Item:
    if not isinstance(content, Mapping):
        raise InvalidValue("M must be a map of attribute values")
    members = cast("Mapping[str, object]", content)
    return {name: normalized(value, depth + 1) for name, value in members.items()}


def _list(content: object, depth: int) -> list[AttributeValue]:
    if not isinstance(content, (list, tuple)):
        raise InvalidValue("L must be a list of attribute values")
    return [normalized(value, depth + 1) for value in cast("list[object]", content)]


def _set_of(kind: str) -> Callable[[object, int], list[str]]:
    def normalize(content: object, _depth: int) -> list[str]:
        if not isinstance(content, (list, tuple)):
            raise InvalidValue("a set must be a list of its members")
        members = cast("list[object]", content)
        if not members:
            raise InvalidValue("An string set  may not be empty")
        values = [normalized({kind: member}) for member in members]
        values.sort(key=order_of)
        texts: list[str] = [value[kind] for value in values]
        if len(set(texts)) != len(texts):
            raise InvalidValue("Input collection contains duplicates")
        return texts

    return normalize


_NORMALIZERS: dict[str, Callable[[Any, int], object]] = {
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "M": _map,
    "L": _list,
    "SS": _set_of("S"),
    "NS": _set_of("N"),
    "BS": _set_of("B"),
}
