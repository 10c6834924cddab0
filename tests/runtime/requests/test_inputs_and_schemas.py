"""What `read` takes is what the schema takes, over generated types, values and damaged payloads."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict, Union
from uuid import UUID

import jsonschema
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.requests.inputs import Input, InvalidInput


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2.5
    ON = True


@dataclass(frozen=True)
class Leaf:
    kind: Literal["leaf"]
    size: int | None = None


@dataclass(frozen=True)
class Branch:
    kind: Literal["branch"]
    twigs: tuple[Leaf | Branch, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Typed:
    """An annotation with a strategy for its values."""

    annotation: Any
    values: st.SearchStrategy[Any]


# A trailing newline would slip through the `$` of a pattern in jsonschema, which uses Python's.
texts = st.text(max_size=8).filter(lambda text: not text.endswith("\n"))
integers = st.integers(-(2**70), 2**70)
floats = st.floats(allow_nan=False, allow_infinity=False)
minutes = st.integers(-23 * 60, 23 * 60)
offsets = minutes.map(lambda count: dt.timezone(dt.timedelta(minutes=count)))
leaves = st.builds(Leaf, st.just("leaf"), st.none() | integers)
trees = st.recursive(
    leaves,
    lambda twigs: st.builds(Branch, st.just("branch"), st.lists(twigs, max_size=3).map(tuple)),
    max_leaves=6,
)

TEXT_FORMS = [
    Typed(annotation=str, values=texts),
    Typed(annotation=dt.date, values=st.dates()),
    Typed(annotation=dt.datetime, values=st.datetimes(timezones=offsets)),
    Typed(annotation=UUID, values=st.uuids()),
    Typed(annotation=Decimal, values=st.decimals(-(10**9), 10**9, places=3)),
    Typed(annotation=Color, values=st.sampled_from(Color)),
]
SCALARS = [
    *TEXT_FORMS,
    Typed(annotation=int, values=integers),
    Typed(annotation=float, values=floats),
    Typed(annotation=bool, values=st.booleans()),
    Typed(annotation=None, values=st.none()),
    Typed(annotation=Level, values=st.sampled_from(Level)),
    Typed(annotation=Literal["a", 0, True], values=st.sampled_from(["a", 0, True])),
]
scalar_types = st.sampled_from(SCALARS)
tree_types = st.just(Typed(annotation=Leaf | Branch, values=trees))
names = st.sampled_from(["a", "b", "c"])
json_values = st.recursive(
    st.none() | st.booleans() | integers | floats | texts,
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(names | texts, values, max_size=3)
    ),
    max_leaves=6,
)


def containers(types: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    return st.one_of(
        types.map(as_list),
        st.lists(types, max_size=3).map(as_tuple),
        st.tuples(st.sampled_from(TEXT_FORMS), types).map(lambda pair: as_dict(*pair)),
        scalar_types.map(as_set),
        st.tuples(st.sampled_from(SCALARS[6:9]), st.sampled_from(TEXT_FORMS)).map(as_union),
        st.tuples(types.map(as_list), st.just(SCALARS[9])).map(as_union),
        st.dictionaries(names, types, max_size=3).map(as_dataclass),
        st.dictionaries(names, types, max_size=3).map(as_typed_dict),
    )


def as_list(item: Typed) -> Typed:
    return Typed(annotation=list[item.annotation], values=st.lists(item.values, max_size=3))


def as_tuple(items: list[Typed]) -> Typed:
    annotation = tuple[tuple(item.annotation for item in items)]
    return Typed(annotation=annotation, values=st.tuples(*(item.values for item in items)))


def as_dict(key: Typed, value: Typed) -> Typed:
    values = st.dictionaries(key.values, value.values, max_size=3)
    return Typed(annotation=dict[key.annotation, value.annotation], values=values)


def as_set(item: Typed) -> Typed:
    return Typed(annotation=set[item.annotation], values=st.sets(item.values, max_size=3))


def as_union(members: tuple[Typed, ...]) -> Typed:
    annotation = Union[tuple(member.annotation for member in members)]  # noqa: UP007 - of any count
    return Typed(annotation=annotation, values=st.one_of(*(member.values for member in members)))


def as_dataclass(members: dict[str, Typed]) -> Typed:
    fields: list[Any] = [(name, member.annotation) for name, member in members.items()]
    if fields:
        fields[-1] = (*fields[-1], None)
    made = dataclasses.make_dataclass("Made", fields)
    values = st.builds(made, **{name: member.values for name, member in members.items()})
    return Typed(annotation=made, values=values)


def as_typed_dict(members: dict[str, Typed]) -> Typed:
    annotations = {name: member.annotation for name, member in members.items()}
    optional = {name: members[name].values for name in list(members)[:1]}
    required = {name: members[name].values for name in list(members)[1:]}
    for name in optional:
        annotations[name] = NotRequired[annotations[name]]
    made = TypedDict("Made", annotations)  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]
    return Typed(annotation=made, values=st.fixed_dictionaries(required, optional=optional))


types = st.recursive(scalar_types | tree_types, containers, max_leaves=5)
cases = types.flatmap(lambda typed: st.tuples(st.just(typed.annotation), typed.values))


def as_json(value: Any) -> Any:
    match value:
        case enum.Enum():
            return value.value
        case dt.date():  # a datetime too
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case list() | tuple() | set():
            return [as_json(item) for item in value]
        case dict():
            return {as_json(name): as_json(member) for name, member in value.items()}
        case _ if dataclasses.is_dataclass(value):
            fields = dataclasses.fields(value)
            return {field.name: as_json(getattr(value, field.name)) for field in fields}
        case _:
            return value


def damaged(payload: Any, data: st.DataObject) -> Any:
    """Change the payload somewhere: replace, drop, add, or edit a text."""
    if isinstance(payload, list) and payload and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(payload) - 1))
        return [*payload[:place], damaged(payload[place], data), *payload[place + 1 :]]
    if isinstance(payload, dict) and payload and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(payload)))
        return {**payload, name: damaged(payload[name], data)}
    changes: list[Callable[[], Any]] = [lambda: data.draw(json_values)]
    if isinstance(payload, list):
        changes += [lambda: payload[1:], lambda: [*payload, *payload[:1], data.draw(json_values)]]
    if isinstance(payload, dict):
        name = data.draw(names | texts)
        changes += [
            lambda: {**payload, name: data.draw(json_values)},
            lambda: dict(list(payload.items())[1:]),
        ]
    if isinstance(payload, str):
        changes += [lambda: payload[1:], lambda: payload.replace("1", "9"), payload.upper]
    if isinstance(payload, bool | int):
        changes += [lambda: int(payload), lambda: float(payload), lambda: bool(payload)]
    return data.draw(st.sampled_from(changes))()


def validator(schema: dict[str, Any]) -> Any:
    formats = jsonschema.FormatChecker(("date", "uuid"))
    formats.checks("date-time", raises=ValueError)(has_a_date_of_the_calendar)
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


def has_a_date_of_the_calendar(text: object) -> bool:
    return not isinstance(text, str) or bool(dt.date.fromisoformat(text[:10]))


def is_taken(input_: Input, payload: object) -> bool:
    try:
        input_.read(payload)
    except InvalidInput:
        return False
    return True


@given(cases)
@settings(deadline=None, max_examples=100)
def test_a_value_that_is_sent_as_json_comes_back(case):
    annotation, value = case
    payload = json.loads(json.dumps(as_json(value)))

    assert Input.of(annotation).read(payload) == value


@given(cases)
@settings(deadline=None, max_examples=100)
def test_the_schema_takes_what_is_sent(case):
    annotation, value = case
    schema = Input.of(annotation).schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    validator(schema).validate(as_json(value))


@given(cases, st.data())
@settings(deadline=None, max_examples=100)
def test_the_schema_takes_of_damaged_payloads_exactly_what_read_takes(case, data):
    annotation, value = case
    payload = damaged(as_json(value), data)
    input_ = Input.of(annotation)

    assert is_taken(input_, payload) == validator(input_.schema()).is_valid(payload)


@given(types, json_values)
@settings(deadline=None, max_examples=150)
def test_the_schema_takes_of_any_json_exactly_what_read_takes(typed, payload):
    input_ = Input.of(typed.annotation)

    assert is_taken(input_, payload) == validator(input_.schema()).is_valid(payload)
