"""The table of promises is about all that a controller can be told, and about tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from cdk_streamer_runtime.contract.sinks import ControllerCommand
from tests.end_to_end.sinks.promises import COMMANDS, TABLES

HERE = Path(__file__).parent


def existing_tests() -> set[str]:
    found = re.compile(r"^def test_(\w+)\(", re.MULTILINE)
    return {
        f"{file.stem.removeprefix('test_sinks_')}::{name}"
        for file in HERE.glob("test_*.py")
        for name in found.findall(file.read_text())
    }


def test_the_table_has_all_commands():
    assert set(COMMANDS) == set(ControllerCommand)


def test_every_row_has_tests_that_exist():
    rows = [tests for table in TABLES.values() for tests in table.values()]

    assert all(rows)
    assert {test for tests in rows for test in tests} - existing_tests() == set()


def test_every_test_holds_something():
    named = {test for table in TABLES.values() for tests in table.values() for test in tests}

    here = {test for test in existing_tests() if not test.startswith("promises::")}
    assert here - named == set()
