"""What the smaller examples deploy: no rule of cdk-nag finds anything, nor does cfn-lint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.linter import findings

EXAMPLES = Path(__file__).parents[2] / "examples"
CHECKED_APP = Path(__file__).with_name("checked_app.py")
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize("name", ["orders", "poller", "receipts", "reminders"])
def test_no_rule_finds_anything_in_the_template(name: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(CHECKED_APP)],
        cwd=EXAMPLES / name,
        env={
            **os.environ,
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "CDK_OUTDIR": str(tmp_path),
            "CDK_VALIDATION": "false",  # CDK's own, which takes long and is in tests/constructs
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    templates = list(tmp_path.glob("*.template.json"))
    assert templates
    assert findings(templates) == []
