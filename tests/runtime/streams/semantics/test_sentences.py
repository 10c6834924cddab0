"""Every sentence is held by tests that exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.runtime.streams.semantics.sentences import TABLES

FOLDER = Path(__file__).parents[1]
SENTENCES = [
    pytest.param(tests, id=f"{table}: {sentence}")
    for table, rows in TABLES.items()
    for sentence, tests in rows.items()
]


@cache
def existing_in(file: str) -> frozenset[str]:
    path = FOLDER / file
    text = path.with_name(f"test_{path.name}.py").read_text()
    return frozenset(re.findall(r"^def test_(\w+)", text, re.MULTILINE))


@pytest.mark.parametrize("tests", SENTENCES)
def test_a_sentence_is_held_by(tests: tuple[str, ...]):
    named = [test.partition("::")[::2] for test in tests]

    assert [(file, name) for file, name in named if name not in existing_in(file)] == []
    assert named
