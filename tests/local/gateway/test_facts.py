"""The table of facts is about tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.local.gateway.facts import TABLES

HERE = Path(__file__).parent
FOLDERS = (HERE, HERE.parent, HERE.parents[1] / "end_to_end")
ROWS = {f"{kind}: {name}": tests for kind, table in TABLES.items() for name, tests in table.items()}


def existing_tests() -> set[str]:
    found = re.compile(r"^(?:async )?def test_(\w+)\(", re.MULTILINE)
    return {
        f"{file.stem.removeprefix('test_')}::{name}"
        for folder in FOLDERS
        for file in folder.glob("test_*.py")
        for name in found.findall(file.read_text())
    }


def test_every_test_of_the_table_exists():
    named = {test for tests in ROWS.values() for test in tests}

    assert named - existing_tests() == set()


@pytest.mark.parametrize("row", ROWS)
def test_every_fact_is_held_by_a_test(row: str):
    assert ROWS[row]
