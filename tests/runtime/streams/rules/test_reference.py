"""The reference of rules: its tables name each option of a rule and each step of a stream."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from cdk_streamer_runtime.streams import Stream, rules
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.rule import Rule, options_of

PAGE = (Path(__file__).parents[4] / "docs" / "streams-rules.md").read_text()
PUBLIC = [getattr(rules, name) for name in rules.__all__]
FLAVORS = [each for each in PUBLIC if isinstance(each, type) and issubclass(each, Rule)]
# Custom is told as `@app.pipeline`.
TABLES = [each for each in [*FLAVORS, ComposedRule] if each is not rules.Custom]


def first_cells(header: str) -> list[str]:
    lines = PAGE.partition(f"\n| {header} |")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(line.split("|")[1].strip().strip("`"))
    return rows


@pytest.mark.parametrize("flavor", TABLES, ids=lambda flavor: flavor.__name__)
def test_the_table_of_options_names_each_of_them(flavor):
    inherited = options_of(flavor.__mro__[1]) if flavor is not Rule else {}
    own = [name for name in options_of(flavor) if name not in inherited]
    assert first_cells(f"`{flavor.__name__}`") == own


def test_the_tables_of_steps_name_each_of_them_with_its_options():
    told = dict(re.findall(r"^\| `(\w+)\((.*?)\)` \|", PAGE, re.MULTILINE))
    methods = {
        name: method
        for name, method in inspect.getmembers(Stream, inspect.isfunction)
        if not name.startswith("_") and name != "add"
    }
    assert set(told) == set(methods)
    for name, method in methods.items():
        keywords = [
            each.name
            for each in inspect.signature(method).parameters.values()
            if each.kind is each.KEYWORD_ONLY
        ]
        assert re.findall(r"(\w+)=", told[name]) in (keywords, [*keywords, "per"])
