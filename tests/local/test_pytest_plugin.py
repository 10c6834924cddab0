"""The fixture for users' own tests, in a pytest of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.local import assemblies

PLUGIN = "cdk_streamer_local.pytest_plugin"
TESTS = """
from cdk_streamer_local.events import Unsettled


def test_one(local_stack):
    stack = local_stack("cdk.out")
    assert stack.outputs["Name"] == stack.function_name("Hello")


def test_two(local_stack):
    assert local_stack("cdk.out") is local_stack("cdk.out")


def test_three(local_stack):
    events = local_stack("cdk.out").events
    assert [each.seed for each in events if isinstance(each, Unsettled)] == [7]
"""
TESTS_OF_CHAOS = """
import pytest


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_of_a_calm_day():
    pass


@pytest.mark.calm("counts messages", "duplicate")
def test_of_a_day_on_which_nothing_comes_twice():
    pass


@pytest.mark.skipif("not config.getoption('chaos')")
def test_of_another_day(local_chaos):
    assert local_chaos == {"chaos": ["crash", "delay"], "chaos_seed": 7}
"""


@pytest.fixture
def project(tmp_path):
    hello = assemblies.function("def handler(event, context): ...")
    assemblies.write(
        tmp_path / "cdk.out",
        {"Role": assemblies.ROLE, "Hello": hello},
        outputs={"Name": {"Value": {"Ref": "Hello"}}},
    )
    (tmp_path / "test_hello.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error::ResourceWarning\n")
    return tmp_path


def run(folder, *arguments):
    """Run pytest there; gives how that ended and what it wrote."""
    command = [sys.executable, "-m", "pytest", "-rs", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_tests_share_an_app_that_has_the_chaos_of_the_run_and_ends_with_them(project):
    status, text = run(project, "--chaos=delay", "--chaos-seed=7")

    assert status == 0, text
    assert "3 passed" in text
    assert not (project / ".cdk-streamer" / "local.json").exists()


@pytest.fixture
def marked(tmp_path):
    (tmp_path / "test_marked.py").write_text(TESTS_OF_CHAOS)
    return tmp_path


def test_under_chaos_tests_that_presume_calm_are_skipped_with_their_reason(marked):
    status, text = run(marked, "--chaos=crash,delay", "--chaos-seed=7")

    assert status == 0, text
    assert "chaos: crash, delay  --chaos-seed 7 for the same again" in text
    assert "presumes calm: counts attempts" in text
    assert "2 passed, 1 skipped" in text


def test_without_chaos_tests_that_presume_calm_are_run(marked):
    status, text = run(marked)

    assert status == 0, text
    assert "2 passed, 1 skipped" in text
    assert "presumes calm" not in text


@pytest.mark.parametrize(
    ("marker", "arguments", "fault"),
    [
        ("calm", (), "calm needs a reason"),
        ("calm('counts')", ("--chaos=noise",), "no chaos is called 'noise'"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, marker, arguments, fault):
    source = f"import pytest\n\n@pytest.mark.{marker}\ndef test_it(): pass\n"
    (tmp_path / "test_it.py").write_text(source)

    status, text = run(tmp_path, *arguments)

    assert status != 0
    assert fault in text


def test_loading_the_plugin_imports_nothing_that_takes_long():
    source = (
        "import json, sys, pytest; before = set(sys.modules)\n"
        f"import {PLUGIN}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert json.loads(loaded.stdout) == ["cdk_streamer_local", PLUGIN]
