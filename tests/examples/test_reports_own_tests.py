"""The reports example's own tests, run as its author runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "reports"
WITHOUT_CDK = (
    "import sys, pytest; sys.modules['aws_cdk'] = None; sys.exit(pytest.main(sys.argv[1:]))"
)


def test_the_example_passes_its_own_tests_where_there_is_no_cdk():
    arguments = [str(EXAMPLE), "-q", "-p", "no:asyncio", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CDK, *arguments],
        cwd=EXAMPLE.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
