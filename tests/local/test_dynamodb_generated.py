"""Expressions that nobody thought of mean the same in memory and in the engine.

The grammar leaves out where the engine is known to differ from AWS: operands of a wrong type in
the item, paths that lead nowhere in REMOVE, taking away from what does not exist.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from cdk_streamer_runtime.attributes import marshal_item
from tests.local.conformance import answer, fresh_partition, put, stored

ITEM: dict[str, Any] = {
    "n": 5,
    "m": 2.5,
    "title": "abc",
    "words": frozenset({"a", "b"}),
    "numbers": frozenset({1, 2}),
    "entries": [1, "b", {"n": 3}],
    "doc": {"n": 4, "title": "x", "entries": ["a"]},
}
SPARSE: dict[str, Any] = {"n": 1, "entries": [], "doc": {"entries": []}}
PATHS = (
    "n",
    "m",
    "title",
    "words",
    "numbers",
    "entries",
    "doc",
    "entries[0]",
    "entries[2].n",
    "entries[9]",
)
PATHS += (
    "doc.n",
    "doc.title",
    "doc.entries[0]",
    "doc.gone",
    "gone",
    "gone.x",
    "#alias",
    "#alias.n",
)
SIZED = ("title", "words", "entries", "doc", "doc.entries", "gone", "#alias")
TEXTS = ("title", "entries[1]", "doc.title", "gone")
NUMBERS = ("n", "m", "doc.n", "entries[0]", "gone")
NAMES = {"#alias": "doc"}

scalars = st.one_of(
    st.sampled_from(["", "a", "ab", "abc", "b"]),
    st.integers(-3, 6),
    st.sampled_from([0.5, 2.5, -1.25]),
    st.sampled_from([b"a", b"ab"]),
)
values = st.one_of(
    scalars,
    st.sampled_from([True, None, frozenset({"a"}), frozenset({"b", "a"}), frozenset({1, 2})]),
    st.sampled_from([[1, "b", {"n": 3}], [], {"n": 3}, {}]),
)
paths = st.sampled_from(PATHS)
compared = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


@st.composite
def simple_conditions(draw: st.DrawFn) -> tuple[str, list[object]]:
    """A condition without AND and OR, `?` for its values, and these."""
    kind = draw(st.integers(0, 8))
    path = draw(paths)
    match kind:
        case 0:
            return f"{path} {draw(st.sampled_from(['=', '<>']))} ?", [draw(values)]
        case 1:
            return f"{path} {draw(compared)} ?", [draw(scalars)]
        case 2:
            sized = draw(st.sampled_from(SIZED))
            return f"size({sized}) {draw(compared)} ?", [draw(st.integers(0, 4))]
        case 3:
            bounds = sorted(draw(st.tuples(st.integers(-3, 6), st.integers(-3, 6))))
            return f"{path} BETWEEN ? AND ?", list(bounds)
        case 4:
            choices = draw(st.lists(values, min_size=1, max_size=3))
            return f"{path} IN ({', '.join('?' * len(choices))})", [*choices]
        case 5:
            function = draw(st.sampled_from(["attribute_exists", "attribute_not_exists"]))
            return f"{function}({path})", []
        case 6:
            kinds = st.sampled_from(["S", "N", "SS", "NS", "L", "M", "NULL"])
            return f"attribute_type({path}, ?)", [draw(kinds)]
        case 7:
            start = draw(st.sampled_from(["", "a", "ab", "x"]))
            return f"begins_with({draw(st.sampled_from(TEXTS))}, ?)", [start]
        case _:
            return f"contains({path}, ?)", [draw(values)]


def joined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.tuples(parts, st.sampled_from([" AND ", " OR "]), parts)
    return st.one_of(
        pairs.map(lambda each: (each[0][0] + each[1] + each[2][0], each[0][1] + each[2][1])),
        parts.map(lambda each: (f"NOT {each[0]}", each[1])),
        pairs.map(
            lambda each: (f"NOT ({each[0][0]}{each[1]}{each[2][0]})", each[0][1] + each[2][1])
        ),
    )


conditions = st.recursive(simple_conditions(), joined, max_leaves=5)


@st.composite
def updates(draw: st.DrawFn) -> tuple[str, list[object]]:
    """An update expression with `?` for its values, and these."""
    clauses: list[str] = []
    used: list[object] = []
    if draw(st.booleans()):
        text, given = draw(assignments())
        clauses.append(f"SET {text}")
        used += given
    if draw(st.booleans()):
        clauses.append(
            f"REMOVE {draw(st.sampled_from(['m', 'entries[1]', 'doc.entries', 'absent']))}"
        )
    if draw(st.booleans()):
        target = draw(st.sampled_from(["tally", "words", "numbers"]))
        amounts = {
            "tally": st.integers(-9, 9),
            "words": st.frozensets(st.sampled_from("abc"), min_size=1),
            "numbers": st.frozensets(st.integers(1, 4), min_size=1),
        }
        verb = draw(st.sampled_from(["ADD", "DELETE"])) if target != "tally" else "ADD"
        clauses.append(f"{verb} {target} ?")
        used.append(draw(amounts[target]))
    return " ".join(clauses or ["SET n = ?"]), used if clauses else [1]


@st.composite
def assignments(draw: st.DrawFn) -> tuple[str, list[object]]:
    targets = st.sampled_from(
        ["n", "fresh", "doc.n", "doc.fresh", "entries[0]", "entries[7]", "gone.x"]
    )
    target = draw(targets)
    kind = draw(st.integers(0, 4))
    match kind:
        case 0:
            return f"{target} = ?", [draw(values)]
        case 1:
            return f"{target} = {draw(paths)}", []
        case 2:
            sign, number = draw(st.sampled_from("+-")), draw(st.sampled_from(NUMBERS))
            return f"{target} = {number} {sign} ?", [draw(st.integers(-9, 9))]
        case 3:
            return f"{target} = if_not_exists({draw(paths)}, ?)", [draw(values)]
        case _:
            return f"{target} = list_append(if_not_exists(entries, ?), ?)", [[], [draw(values)]]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=conditions, update=updates(), full=st.booleans())
def test_a_conditional_update_has_the_same_outcome(pair, condition, update, full):
    partition = fresh_partition()
    item = ITEM if full else SPARSE
    put(pair.memory, partition, item)
    put(pair.engine, partition, item)
    texts = [numbered(condition[0], "c"), numbered(update[0], "u")]
    placed = {
        **{f":c{number}": value for number, value in enumerate(condition[1])},
        **{f":u{number}": value for number, value in enumerate(update[1])},
    }
    question = {
        "Key": marshal_item({"pk": partition, "sk": "a"}),
        "ConditionExpression": texts[0],
        "UpdateExpression": texts[1],
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **({"ExpressionAttributeValues": marshal_item(placed)} if placed else {}),
        **({"ExpressionAttributeNames": NAMES} if "#alias" in "".join(texts) else {}),
    }

    assert answer(pair.memory, "UpdateItem", question) == answer(
        pair.engine, "UpdateItem", question
    )
    assert stored(pair.memory, partition) == stored(pair.engine, partition)


def numbered(text: str, prefix: str) -> str:
    """Give the text with its question marks replaced by `:c0`, `:c1` and so on."""
    first, *rest = text.split("?")
    return first + "".join(f":{prefix}{number}{part}" for number, part in enumerate(rest))
