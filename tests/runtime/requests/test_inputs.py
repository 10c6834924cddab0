"""What payloads an action's input takes, and what it says of the others."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypedDict,
)
from uuid import UUID

import msgspec
import pydantic
import pytest
from typing_extensions import ReadOnly, TypeAliasType

from cdk_streamer_runtime.requests.inputs import Fault, Input, InvalidInput


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2.5
    NONE = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    sku: str
    price: float = 0.0


@dataclass
class Order:
    items: list[Item]
    _: KW_ONLY
    note: str | None = None
    tags: set[str] = field(default_factory=set)
    computed: int = field(init=False, default=7)
    limit: ClassVar[int] = 5


@dataclass
class RushOrder(Order):
    by: dt.date


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("must be even")


@dataclass
class Circle:
    kind: Literal["circle"]
    radius: float


@dataclass
class Group:
    kind: Literal["group", "set"]
    shapes: list[Circle | Group]


@dataclass
class Clump:
    kind: Literal["clump", "set"]


@dataclass
class Once:
    version: Literal[1]


@dataclass
class Always:
    version: Literal[True]


class Options(TypedDict, total=False):
    name: Required[str]
    size: int


class Extended(Options):
    depth: NotRequired[Annotated[int, "levels"]]
    owner: ReadOnly[str]


class Point(NamedTuple):
    x: int
    y: int


class Struct(msgspec.Struct):
    items: list[Struct]
    sizes: dict[str, int] = {}


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    day: dt.date
    items: list[Annotated[int, pydantic.Field(gt=0)]] = []


@pydantic.dataclasses.dataclass
class PydanticData:
    size: int


UserId = NewType("UserId", str)
Size = TypeAliasType("Size", int | Literal["all"])
NOON = dt.datetime(2025, 1, 31, 12, tzinfo=dt.UTC)
DATE_AND_TIME = "a date and time with an offset, such as '2025-01-31T09:30:00Z'"
ID = "3f2b8c1e-9d4a-4e6b-8a57-0c1d2e3f4a5b"


def faults(type_: object, payload: object) -> tuple[Fault, ...]:
    with pytest.raises(InvalidInput) as caught:
        Input.of(type_).read(payload)
    return caught.value.faults


@pytest.mark.parametrize(
    ("type_", "payload", "value"),
    [
        (None, {"any": [1, None]}, {"any": [1, None]}),
        (Any, "x", "x"),
        (object, 1, 1),
        (str, "\ud800", "\ud800"),
        (int, 10**400, 10**400),
        (int, 3.0, 3),
        (float, 3, 3.0),
        (bool, True, True),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict, {"a": [1]}, {"a": [1]}),
        (dict[Color, int], {"red": 1}, {Color.RED: 1}),
        (Mapping[UserId, int], {"a": 1}, {"a": 1}),
        (list, [1, "a"], [1, "a"]),
        (Sequence[int], [1], [1]),
        (tuple, [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[()], [], ()),
        (set[int], [1, 1, 2], {1, 2}),
        (frozenset[tuple[int, str | None]], [[1, None]], frozenset({(1, None)})),
        (Literal["a", 1] | None, 1, 1),
        (Literal[Color.RED], "red", Color.RED),
        (Color, "blue", Color.BLUE),
        (Level, None, Level.NONE),
        (Level, 1.0, Level.LOW),
        (int | None, None, None),
        (float | int, 2**60 + 1, 2**60 + 1),
        (dt.date | str, "2025-01-31", dt.date(2025, 1, 31)),
        (dt.date | str, "2025-02-30", "2025-02-30"),
        (dt.datetime, "2025-01-31T12:00:00Z", NOON),
        (dt.datetime, "2025-01-31T13:30:00.000000001+01:30", NOON),
        (UUID, ID.upper(), UUID(ID)),
        (Decimal, "-1.50E+3", Decimal("-1.50E+3")),
        (list[Annotated[int, "ignored"]], [1], [1]),
        (UserId, "u", "u"),
        (Size, "all", "all"),
        (Size | None, None, None),
        (Item, {"sku": "a"}, Item(sku="a", price=0.0)),
        (Order, {"items": []}, Order([])),
        (
            RushOrder,
            {"items": [{"sku": "a", "price": 1}], "tags": ["x"], "by": "2025-01-31"},
            RushOrder([Item(sku="a", price=1.0)], dt.date(2025, 1, 31), tags={"x"}),
        ),
        (Tree, {"name": "a", "children": [{"name": "b"}]}, Tree("a", [Tree("b")])),
        (Even, {"number": 2}, Even(2)),
        (Options, {"name": "a"}, {"name": "a"}),
        (Extended, {"name": "a", "owner": "b"}, {"name": "a", "owner": "b"}),
        (
            Circle | Group,
            {"kind": "set", "shapes": [{"kind": "circle", "radius": 1}]},
            Group("set", [Circle("circle", 1.0)]),
        ),
        (Once | Always, {"version": True}, Always(version=True)),
        (Struct, {"items": [{"items": []}]}, Struct([Struct([])])),
        (Model, {"day": "2025-01-31"}, Model(day=dt.date(2025, 1, 31))),
        (PydanticData, {"size": 1}, PydanticData(1)),
        (lambda payload: payload["a"], {"a": 1}, 1),
        (functools.partial(int, base=16), "ff", 255),
        (json.loads, "[1]", [1]),
    ],
)
def test_a_fitting_payload_becomes_the_declared_type(type_, payload, value):
    read = Input.of(type_).read(payload)

    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("type_", "payload", "path", "message"),
    [
        (int, True, "", "must be an integer, got true"),
        (int, "1", "", "must be an integer, got '1'"),
        (int, 1.5, "", "must be an integer, got 1.5"),
        (int, float("inf"), "", "must be an integer, got inf"),
        (float, False, "", "must be a number, got false"),
        (float, "abc", "", "must be a number, got 'abc'"),
        (float, float("nan"), "", "must be a number, got nan"),
        (float, 10**400, "", "must be a number, got a huge number"),
        (bool, 1, "", "must be true or false, got 1"),
        (str, None, "", "must be a string, got null"),
        (str, {"a": 1}, "", "must be a string, got an object"),
        (str, b"a", "", "must be a string, got the Python type bytes"),
        (int, "x" * 99, "", f"must be an integer, got '{'x' * 35}...'"),
        (
            int,
            "\U0010ffff" * 99,
            "",
            "must be an integer, got '\\U0010ffff\\U0010ffff\\U0010ffff\\U001...'",
        ),
        (Literal[1], True, "", "must be 1, got true"),
        (Literal[True], 1, "", "must be true, got 1"),
        (Literal["a", 1] | None, [], "", "must be 'a' or 1 or null, got a list"),
        (Color, "green", "", "must be 'red' or 'blue', got 'green'"),
        (int | str | None, [], "", "must be an integer, a string or null, got a list"),
        (list[int] | int, [1, "a"], "/1", "must be an integer, got 'a'"),
        (list[int], {"0": 1}, "", "must be a list, got an object"),
        (dict[str, int], {"a/b~c": None}, "/a~1b~0c", "must be an integer, got null"),
        (dict[Color, int], {"green": 1}, "/green", "has a name that must be 'red' or 'blue'"),
        (dict[str, int], [], "", "must be an object, got a list"),
        (tuple[int, str], [1], "", "must be a list of 2 items, got 1"),
        (tuple[int, str], [1, 2], "/1", "must be a string, got 2"),
        (tuple[int], 7, "", "must be a list of 1 item, got 7"),
        (Item, {}, "/sku", "is missing"),
        (Item, "a", "", "must be an object, got 'a'"),
        (Item, {"sku": "a", "prize": 1}, "/prize", "is not known; allowed are 'sku', 'price'"),
        (
            Order,
            {"items": [], "computed": 1},
            "/computed",
            "is not known; allowed are 'items', 'note', 'tags'",
        ),
        (
            Order,
            {"items": [{"sku": "a", "price": "b"}]},
            "/items/0/price",
            "must be a number, got 'b'",
        ),
        (Even, {"number": 1}, "", "must be even"),
        (list[Even], [{"number": 1}], "/0", "must be even"),
        (Options, {"size": 1}, "/name", "is missing"),
        (Extended, {"name": "a"}, "/owner", "is missing"),
        (
            Extended,
            {"name": "a", "owner": "b", "depth": "c"},
            "/depth",
            "must be an integer, got 'c'",
        ),
        (Circle | Group, {"radius": 1}, "/kind", "is missing"),
        (
            Circle | Group,
            {"kind": "oval"},
            "/kind",
            "must be 'circle', 'group' or 'set', got 'oval'",
        ),
        (
            Circle | Group,
            {"kind": ["a"]},
            "/kind",
            "must be 'circle', 'group' or 'set', got a list",
        ),
        (Circle | Group, {"kind": "group", "shapes": [1]}, "/shapes/0", "must be an object, got 1"),
        (dt.date, "2025-02-30", "", "must be a date such as '2025-01-31', got '2025-02-30'"),
        (dt.date, "20250131", "", "must be a date such as '2025-01-31', got '20250131'"),
        (dt.date, "2025-01-31\n", "", "must be a date such as '2025-01-31', got '2025-01-31\\n'"),
        (dt.date, "٢٠٢٥-01-31", "", "must be a date such as '2025-01-31', got '٢٠٢٥-01-31'"),
        (
            dt.datetime,
            "2025-01-31T12:00:00",
            "",
            f"must be {DATE_AND_TIME}, got '2025-01-31T12:00:00'",
        ),
        (UUID, f"{{{ID}}}", "", f"must be a UUID such as '{ID}', got '{{{ID}}}'"),
        (Decimal, 1.5, "", "must be a decimal number as a string, such as '19.99', got 1.5"),
        (
            Decimal,
            "1e9999",
            "",
            "must be a decimal number as a string, such as '19.99', got '1e9999'",
        ),
        (Decimal, "NaN", "", "must be a decimal number as a string, such as '19.99', got 'NaN'"),
        (Struct, {"items": [{"items": 1}]}, "/items/0/items", "Expected `array`, got `int`"),
        (Struct, {"items": [], "sizes": {"a": "b"}}, "/sizes/...", "Expected `int`, got `str`"),
        (Struct, [], "", "Expected `object`, got `array`"),
        (
            Model,
            {"day": "x"},
            "/day",
            "Input should be a valid date in the format YYYY-MM-DD, input is too short",
        ),
        (Model, {"day": "2025-01-31", "items": [0]}, "/items/0", "Input should be greater than 0"),
        (Model, float("inf"), "", "is nested too deeply or has a number that JSON lacks"),
        (
            PydanticData,
            {"size": "a"},
            "/size",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            functools.partial(int, base=16),
            "xyz",
            "",
            "invalid literal for int() with base 16: 'xyz'",
        ),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_with_the_place_and_the_reason(
    type_, payload, path, message
):
    assert faults(type_, payload) == (Fault(path=path, message=message),)


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        (bytes, "the input has the annotation bytes, which has no JSON form here"),
        (complex, "the input has the annotation complex"),
        (Point, "the input has the annotation Point"),
        ("Order", "the input has the annotation 'Order'"),
        (17, "the input has the annotation 17"),
        ([int], "the input has the annotation [<class 'int'>]"),
        (dict[int, str], "a dict with keys of int, but the names of a JSON object are strings"),
        (set[Item], "but a set can hold strings, numbers and other plain values only; use a list"),
        (Literal[b"a"], "the input has a Literal of b'a', which JSON cannot carry"),
        (enum.Enum("Pair", {"A": (1, 2)}), "the Enum Pair, whose members JSON cannot carry"),
        (enum.Enum("Empty", {}), "the Enum Empty, whose members JSON cannot carry"),
        (list[int] | tuple[str], "has several lists, and nothing tells them apart"),
        (Circle | Item, "has several objects, and nothing tells them apart; give each a member"),
        (Group | Clump, "has several objects, and nothing tells them apart"),
        (Circle | dict[str, int], "has a dict beside another object; make each a dataclass"),
        (list[Model], "the class Model, whose own library has to check it"),
        (Struct | None, "the class Struct, whose own library has to check it"),
    ],
)
def test_a_type_that_json_cannot_stand_for_is_refused_at_registration(type_, message):
    with pytest.raises(TypeError) as caught:
        Input.of(type_)

    assert message in str(caught.value)


def test_an_unsupported_annotation_is_refused_with_its_class_and_field():
    @dataclass
    class Upload:
        content: bytes

    with pytest.raises(TypeError, match="field 'content' of Upload has the annotation bytes"):
        Input.of(list[Upload])


def test_an_init_var_is_refused_with_its_class_and_field():
    @dataclass
    class Seeded:
        seed: InitVar[int]

    with pytest.raises(TypeError, match="field 'seed' of Seeded is an InitVar"):
        Input.of(Seeded)


def test_a_dataclass_with_an_init_of_its_own_is_refused():
    @dataclass(init=False)
    class Manual:
        size: int

    with pytest.raises(TypeError, match="the dataclass Manual has an __init__ of its own"):
        Input.of(Manual)


def test_an_annotation_that_cannot_be_resolved_is_refused_with_the_remedy():
    @dataclass
    class Local:
        size: int

    @dataclass
    class Outer:
        inner: Local

    with pytest.raises(TypeError, match=r"an annotation of Outer cannot be read: name 'Local'"):
        Input.of(Outer)


def test_an_alias_that_is_made_of_itself_is_refused():
    class TypeAliasType:
        """As the `type` statement of Python 3.12 makes it: evaluated late."""

        @property
        def __value__(self) -> object:
            return dict[str, self] | list[self]  # pyright: ignore[reportInvalidTypeForm]

    with pytest.raises(TypeError, match="an alias that is made of itself; use a dataclass"):
        Input.of(TypeAliasType())


def test_a_class_of_a_function_can_refer_to_itself():
    @dataclass
    class Chain:
        next: Chain | None = None

    assert Input.of(Chain).read({"next": {"next": None}}) == Chain(Chain(None))


def test_a_coroutine_function_is_refused_as_an_input():
    async def check(payload: object) -> object:
        return payload

    with pytest.raises(TypeError, match="the input 'check' is a coroutine function"):
        Input.of(check)


def test_all_faults_are_found_at_once():
    payload = {"items": [{"price": "a", "x": 1}, 2], "note": 3, "tags": [None]}

    assert [fault.path for fault in faults(Order, payload)] == [
        "/items/0/x",
        "/items/0/sku",
        "/items/0/price",
        "/items/1",
        "/note",
        "/tags/0",
    ]


def test_no_more_faults_are_told_than_an_answer_should_hold():
    assert len(faults(list[int], ["a"] * 10_000)) == 20


def test_the_texts_of_a_fault_are_short_whatever_the_payload_holds():
    payload: object = None
    for _ in range(60):
        payload = {"k" * 5_000: payload}

    found = faults(_nested(60), payload)

    assert [len(fault.path) for fault in found] == [200]


def _nested(depth: int) -> object:
    type_: object = int
    for _ in range(depth):
        type_ = dict[str, type_]  # pyright: ignore[reportInvalidTypeForm]
    return type_


def test_a_payload_that_is_nested_too_deeply_is_refused():
    payload: dict[str, object] = {"name": "leaf"}
    for _ in range(5_000):
        payload = {"name": "a", "children": [payload]}

    (fault,) = faults(Tree, payload)

    assert fault.message == "is nested deeper than 64 levels"


@pytest.mark.parametrize("type_", [Struct, Model])
def test_a_library_s_model_refuses_what_is_nested_too_deeply(type_):
    payload: dict[str, object] = {"items": []}
    for _ in range(100_000):
        payload = {"items": [payload]}

    (fault,) = faults(type_, payload)

    assert fault.message.startswith("is nested too deeply")


def test_an_invalid_input_says_its_faults():
    with pytest.raises(InvalidInput, match=r"^/sku is missing; /price must be a number, got 'a'$"):
        Input.of(Item).read({"price": "a"})


def test_the_schema_of_a_dataclass_names_its_members_and_their_defaults():
    assert Input.of(Item).schema() == {
        "type": "object",
        "properties": {"sku": {"type": "string"}, "price": {"type": "number", "default": 0.0}},
        "required": ["sku"],
        "additionalProperties": False,
    }


def test_the_schema_of_a_recursive_dataclass_refers_to_itself():
    schema = Input.of(Tree).schema()

    assert schema["properties"]["children"] == {"type": "array", "items": {"$ref": "#"}}


def test_classes_of_one_name_have_definitions_of_their_own():
    first = dataclass(type("Same", (), {"__annotations__": {"a": int}}))
    second = dataclass(type("Same", (), {"__annotations__": {"b": int}}))

    schema = Input.of(tuple[first, second]).schema()  # pyright: ignore[reportInvalidTypeForm]

    assert set(schema["$defs"]) == {"Same", "Same2"}


def test_the_schema_of_a_dict_says_which_names_it_takes():
    assert Input.of(dict[Color, int]).schema() == {
        "type": "object",
        "propertyNames": {"enum": ["red", "blue"]},
        "additionalProperties": {"type": "integer"},
    }


def test_the_schema_of_a_callable_takes_everything():
    assert Input.of(json.loads).schema() == {}


@pytest.mark.parametrize(("type_", "title"), [(Model, "Model"), (PydanticData, "PydanticData")])
def test_the_schema_of_a_pydantic_model_is_its_own(type_, title):
    assert Input.of(type_).schema()["title"] == title


def test_the_schema_of_a_struct_is_its_own():
    assert Input.of(Struct).schema() == msgspec.json.schema(Struct)


def test_the_check_imports_no_library_that_the_app_does_not_use():
    program = (
        "import sys; from cdk_streamer_runtime.requests.inputs import Input; Input.of(dict);"
        "print([m for m in ('msgspec', 'pydantic', 'decimal', 'uuid') if m in sys.modules])"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "runtime"},
    )

    assert printed.stdout == "[]\n"
