"""The reminders example as a whole, and what it counts by."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.reminders.account import Account, Reminder

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "reminders"
WITHOUT_CDK = (
    "import sys, pytest; sys.modules['aws_cdk'] = None; sys.exit(pytest.main(sys.argv[1:]))"
)
USERS = 300
REPORT = {"discovered": 3, "published": 2, "failed": 1, "missing": ["eve"]}


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pictures") / "reminders.svg"


@pytest.fixture(scope="module")
def demo(tmp_path_factory, picture: Path) -> subprocess.CompletedProcess[str]:
    """Run it from a checkout of its own: an app runs once in a folder at a time."""
    checkout = tmp_path_factory.mktemp("reminders")
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(EXAMPLES, checkout / "examples", ignore=ignored)
    arguments = ["--users", str(USERS), "--output", str(picture)]
    return subprocess.run(
        [sys.executable, "-m", "examples.reminders.demo", *arguments],
        cwd=checkout,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def said(demo: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Give the lines of the demo by their first words."""
    return {line[:16].strip(): line[17:].strip() for line in demo.stdout.splitlines()}


def test_the_demo_reminds_everybody_whom_the_calendar_knows(demo):
    assert (demo.returncode, demo.stderr) == (0, ""), demo.stdout + demo.stderr
    told = said(demo)
    assert (told["discovered"], told["published"], told["failed"]) == ("300", "299", "1")
    assert told["in the queue"].endswith(", 299 keys")
    assert told["given up"].startswith("user-0066: ")
    assert "The report and the queue say the same." in demo.stdout


def test_the_chunk_that_met_a_bad_moment_was_tried_again(demo):
    assert said(demo)["chunks"] == "12, tried again: 1"


def test_an_occurrence_that_is_told_again_is_the_same_batch(demo):
    told = said(demo)
    assert told["batch"].startswith("Office-Daily-20")
    assert told["told again"].startswith(f"{told['batch']}: ")


def test_the_picture_in_the_docs_is_what_the_demo_draws(demo, picture: Path):
    shown = EXAMPLES.parent / "docs" / "images" / "reminders.svg"
    assert shown.read_text(encoding="utf-8") == picture.read_text(encoding="utf-8")


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


# --- the account ----------------------------------------------------------------------------------


def account(*users: str, every: int = 100, **report: Any) -> Account:
    """Give an account of three users, of whom these have reminders."""
    reminders = [
        Reminder(user=user, key=f"key of {user}", sent_at=1_000_000 + number * every)
        for number, user in enumerate(users)
    ]
    return Account(
        users=frozenset({"ann", "bob", "eve"}), report=REPORT | report, reminders=reminders
    )


def test_a_report_that_is_true_has_no_faults():
    assert [*account("ann", "bob").faults()] == []


def test_a_reminder_that_came_twice_by_one_key_is_one():
    found = account("ann", "bob", "bob")
    assert [*found.faults()] == []
    assert (len(found.reminders), found.keys) == (3, 2)


@pytest.mark.parametrize(
    ("users", "report", "fault"),
    [
        (["ann"], {}, "not reminded, and not in the report: bob"),
        (["ann", "bob", "eve"], {}, "in the report, and reminded: eve"),
        (["ann", "bob", "zoe"], {}, "reminded, and no user: zoe"),
        (["ann", "bob"], {"published": 3}, "published: told 3, counted 2"),
        (["ann", "bob"], {"discovered": 2}, "discovered: told 2, counted 3"),
    ],
)
def test_what_does_not_fit_is_told(users: list[str], report: dict[str, Any], fault: str):
    assert fault in [*account(*users, **report).faults()]


@pytest.mark.parametrize(("every", "most"), [(0, 20), (100, 10), (1_000, 1), (5_000, 1)])
def test_a_second_may_begin_anywhere(every: int, most: int):
    assert account(*["ann"] * 20, every=every).most_in_a_second == most


def test_of_nothing_there_is_nothing_a_second():
    assert (account().most_in_a_second, account().seconds) == (0, 0)
