"""The fixture for users' own tests, in a pytest of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.local import assemblies

PLUGIN = "cdk_streamer_local.pytest_plugin"
TESTS = """
def test_one(local_stack):
    stack = local_stack("cdk.out")
    assert stack.outputs["Name"] == stack.function_name("Hello")


def test_two(local_stack):
    assert local_stack("cdk.out") is local_stack("cdk.out")
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


def test_tests_share_an_app_that_ends_with_them(project):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    assert not (project / ".cdk-streamer" / "local.json").exists()


def test_loading_the_plugin_imports_nothing_that_takes_long():
    source = (
        "import json, sys, pytest; before = set(sys.modules)\n"
        f"import {PLUGIN}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert json.loads(loaded.stdout) == ["cdk_streamer_local", PLUGIN]
