"""What the examples deploy: no rule of cdk-nag finds anything, nor does cfn-lint."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_streamer_local.cli import main
from tests.examples.linter import findings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["orders", "poller", "receipts", "reminders", "reports"])
def test_no_rule_finds_anything_in_the_template(name: str, synthesized: Path):
    templates = list((synthesized / name).glob("*.template.json"))
    assert templates
    assert findings(templates) == []


def test_the_architecture_in_the_docs_is_that_of_the_template(synthesized: Path, tmp_path: Path):
    drawn = tmp_path / "drawn.svg"

    assert main(["graph", str(synthesized / "receipts"), "--output", str(drawn)]) == 0

    shown = ROOT / "docs" / "images" / "receipts-architecture.svg"
    assert shown.read_text(encoding="utf-8") == drawn.read_text(encoding="utf-8")
