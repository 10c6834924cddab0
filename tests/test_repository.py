"""What stands in the repository: generated files, locks, workflows, and the words we use."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from itertools import chain, pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Every permission above reading that a workflow holds, with what it is for.
PERMISSIONS = {
    "id-token: write": "release.yml, for trusted publishing",
}
# At-least-once delivery, and pushes that may be lost, leave none of these true.
OVERSTATEMENT = re.compile(
    r"exactly[- ]once|guarante\w+|never loses?\b|real[- ]?time\b|unlimited", re.IGNORECASE
)
PROSE = (".md", ".py")
SPOKEN_FOLDERS = ("benchmarks", "cdk_streamer", "clients", "docs", "examples", "local", "runtime")


@cache
def files() -> list[Path]:
    """Give every file of the repository: committed, or about to be."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def texts() -> dict[str, str]:
    """Give each text file's content by its name; an image is none."""
    contents = {str(path.relative_to(ROOT)): path.read_bytes() for path in files()}
    return {name: data.decode() for name, data in contents.items() if b"\0" not in data}


# --- generated files ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("generated")
    run = subprocess.run(
        [sys.executable, ROOT / ".projenrc.py", directory],
        cwd=directory,
        env={**os.environ, "PROJEN_DISABLE_POST": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return directory


def test_generated_files_are_what_projenrc_describes(generated: Path):
    made = {
        str(path.relative_to(generated)): path.read_text()
        for path in generated.rglob("*")
        if path.is_file()
    }
    assert {name: (ROOT / name).read_text() for name in made} == made


def test_the_entry_of_ci_is_executable():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# --- locks ----------------------------------------------------------------------------------------


def test_locks_record_no_address():
    lock = re.compile(r"(^|/)(requirements[\w.-]*\.(txt|lock)|[\w-]+\.lock|package-lock\.json)$")
    addresses = {
        name: re.findall(r"\S+://\S+", text) for name, text in texts().items() if lock.search(name)
    }
    assert {name: found for name, found in addresses.items() if found} == {}


def test_the_lock_carries_a_hash_for_every_version():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = {
        line: below for line, below in pairwise([*lines, ""]) if not line.startswith((" ", "#"))
    }
    pinned = re.compile(r"[a-z0-9][\w.-]*==\S+( ; .*)? \\")
    assert [line for line in pins if not pinned.fullmatch(line)] == []
    assert [line for line, below in pins.items() if "--hash=sha256:" not in below] == []


def test_every_dependency_has_its_line_in_contributing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *chain.from_iterable(project["project"]["optional-dependencies"].values()),
        *chain.from_iterable(project["dependency-groups"].values()),
    ]
    rows = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Dependencies\n")[2]
    named = r"^\| (@?[a-z][\w/-]*)(?: \(.*?\)| package)? \|"
    explained = set(re.findall(named, rows, re.MULTILINE))
    names = {re.split(r"[<>=\[ ]", dependency)[0] for dependency in declared}
    package = json.loads((ROOT / "clients" / "js" / "package.json").read_text())
    assert explained - {"package", "npm"} == names | package["devDependencies"].keys()


# --- suites ---------------------------------------------------------------------------------------


def test_every_test_is_run_by_make():
    suites = re.findall(r"^[A-Z_]+_TESTS := (.+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    run = {place for suite in suites for place in suite.split()}
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert {test for test in tests if not {test, "/".join(test.split("/")[:2])} & run} == set()


# --- workflows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(workflow: Path):
    used = re.findall(r"uses: (.+)", workflow.read_text())
    assert [use for use in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v[\d.]+", use)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_starts_without_permissions(workflow: Path):
    assert "\npermissions: {}\n" in workflow.read_text()


def test_every_permission_to_write_has_a_reason():
    granted = {
        f"{name.strip()}: write"
        for workflow in WORKFLOWS
        for name in re.findall(r"^(.+): write", workflow.read_text(), re.MULTILINE)
    }
    assert granted == PERMISSIONS.keys()


# --- words ----------------------------------------------------------------------------------------


def test_nothing_promises_more_than_it_keeps():
    promises = {
        f"{name}: {match.group()}"
        for name, text in texts().items()
        if name.endswith(PROSE) and name.partition("/")[0] in {*SPOKEN_FOLDERS, name}
        for match in OVERSTATEMENT.finditer(re.sub(r"\s+#?\s*", " ", text))
    }
    assert promises == set()


def test_no_file_names_a_place_on_one_machine():
    place = re.compile(rf"{re.escape(str(ROOT))}\b|(?<![\w.$}}])/(?:home|root|Users)/\w+")
    places = {
        f"{name}: {match.group()}"
        for name, text in texts().items()
        for match in place.finditer(text)
    }
    assert places == set()
