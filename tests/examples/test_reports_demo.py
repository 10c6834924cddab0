"""`make demo`: the reports example as a whole, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from examples.reports import sample
from examples.reports.handlers.wording import money

EXAMPLES = Path(__file__).parents[2] / "examples"
ROWS = 20_000


def copy_of_examples(folder: Path) -> Path:
    """Give a checkout of its own: an app runs once in a folder at a time."""
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(EXAMPLES, folder / "examples", ignore=ignored)
    return folder


def run_demo(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The checkout stands in PATH, which every process below inherits, to be recognized by it.
    path = f"{checkout}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "examples.reports.demo", *arguments],
        cwd=checkout,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    return copy_of_examples(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def demo(checkout) -> subprocess.CompletedProcess[str]:
    return run_demo(checkout, "--rows", str(ROWS), "--output", "out/report.html")


def test_the_demo_reports_what_an_independent_count_gives(checkout, demo):
    good = [row for row in sample.sample_orders(ROWS) if row[4]]
    revenue = sum((int(row[4]) * Decimal(row[5]) for row in good), Decimal(0))

    assert demo.returncode == 0, demo.stdout + demo.stderr
    said = f"{len(good):,} orders, {money(revenue)} of revenue, {ROWS - len(good)} damaged"
    assert said in demo.stdout
    assert f"{len(good):,} orders read" in (checkout / "out" / "report.html").read_text()


def test_the_demo_shows_progress_and_attempts_without_a_terminal(demo):
    assert "95%  publish: page" in demo.stdout
    assert "succeeded in attempt 3" in demo.stdout
    assert demo.stderr == ""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
def test_the_demo_leaves_no_process_behind(checkout, demo):
    assert [process for process in Path("/proc").iterdir() if _is_below(process, checkout)] == []


def test_an_app_that_cannot_be_synthesized_ends_the_demo_with_its_own_words(tmp_path):
    checkout = copy_of_examples(tmp_path)
    (checkout / "examples" / "reports" / "app.py").write_text(
        "raise RuntimeError('no such luck')\n"
    )

    done = run_demo(checkout, "--rows", "10")

    assert done.returncode == 1
    assert "no such luck" in done.stderr


def test_handlers_that_cannot_be_imported_end_the_demo_with_their_own_words(tmp_path):
    checkout = copy_of_examples(tmp_path)
    (checkout / "examples" / "reports" / "handlers" / "sales.py").write_text(
        "import nothing_here\n"
    )

    done = run_demo(checkout, "--rows", "10")

    assert done.returncode == 1
    assert "nothing_here" in done.stderr


def _is_below(process: Path, checkout: Path) -> bool:
    try:
        return str(checkout).encode() in (process / "environ").read_bytes()
    except OSError:  # no process, or one that has ended
        return False
