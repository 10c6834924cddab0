"""The table of promises is about all that the contract has, and about tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from cdk_streamer_client.schemas.documents import schema
from cdk_streamer_runtime.contract import BuiltinAction, HttpRoute, State
from tests.end_to_end.promises import ACTIONS, GAPS, MESSAGES, ROUTES, STATES, TABLES

HERE = Path(__file__).parent


def rows() -> dict[str, tuple[str, ...]]:
    return {
        f"{kind} {name}": tests for kind, table in TABLES.items() for name, tests in table.items()
    }


def existing_tests() -> set[str]:
    found = re.compile(r"^(?:async )?def test_(\w+)\(", re.MULTILINE)
    return {
        f"{file.stem.removeprefix('test_')}::{name}"
        for file in HERE.glob("test_*.py")
        for name in found.findall(file.read_text())
    }


def test_the_table_has_all_of_the_contract():
    assert set(ACTIONS) == set(BuiltinAction)
    assert set(MESSAGES) == set(schema("server")["x-messages"])
    assert set(ROUTES) == set(HttpRoute)
    assert set(STATES) == set(State)


def test_every_test_of_the_table_exists():
    named = {test for tests in rows().values() for test in tests}

    assert named - existing_tests() == set()


def test_the_gaps_are_the_rows_without_a_test():
    assert {name for name, tests in rows().items() if not tests} == GAPS
