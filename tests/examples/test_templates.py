"""What the smaller examples deploy: no rule of cdk-nag finds anything, nor does cfn-lint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.examples.linter import findings

EXAMPLES = Path(__file__).parents[2] / "examples"
CHECKED_APP = Path(__file__).with_name("checked_app.py")
TOOLS = Path(sys.executable).parent


Synthesize = Callable[[str], Path]


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """Give the cloud assembly of an example, which is made once; its synth fails on findings."""

    @cache
    def synthesize(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        done = subprocess.run(
            [sys.executable, str(CHECKED_APP)],
            cwd=EXAMPLES / name,
            env={
                **os.environ,
                "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
                "CDK_OUTDIR": str(folder),
                # As the command line of CDK has it: by paths a picture knows the constructs.
                "CDK_CONTEXT_JSON": '{"aws:cdk:enable-path-metadata": true}',
                "CDK_VALIDATION": "false",  # CDK's own, which takes long and is in tests/constructs
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return synthesize


@pytest.mark.parametrize("name", ["orders", "poller", "receipts", "reminders"])
def test_no_rule_finds_anything_in_the_template(name: str, synthesized: Synthesize):
    templates = list(synthesized(name).glob("*.template.json"))
    assert templates
    assert findings(templates) == []


def test_the_architecture_in_the_docs_is_that_of_the_template(
    synthesized: Synthesize, tmp_path: Path
):
    drawn = tmp_path / "drawn.svg"
    command = [sys.executable, "-m", "cdk_streamer_local", "graph"]

    subprocess.run([*command, str(synthesized("receipts")), "--output", str(drawn)], check=True)

    shown = EXAMPLES.parent / "docs" / "images" / "receipts-architecture.svg"
    assert shown.read_text(encoding="utf-8") == drawn.read_text(encoding="utf-8")
