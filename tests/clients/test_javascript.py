"""The JavaScript client builds and passes its own tests, in Node and in Chromium.

Node comes with the wheel that the environment has; `npm ci` installs what the lock names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "clients" / "js"
PATIENCE = 300  # seconds for all of it on a busy machine


def npm(*words: str, folder: Path) -> str:
    """Run npm, and give what it said; fails with that when npm does."""
    run = subprocess.run(
        ["npm", *words],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, f"npm {' '.join(words)}:\n{run.stdout[-20_000:]}\n{run.stderr}"
    return run.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy: another test run may be building the original."""
    root = tmp_path_factory.mktemp("javascript")
    for name in ("js", "vectors", "python/cdk_streamer_client/schemas"):
        shutil.copytree(
            PACKAGE.parent / name,
            root / "clients" / name,
            ignore=shutil.ignore_patterns("node_modules", "dist", ".build", "__pycache__"),
        )
    shutil.copytree(PACKAGE.parents[1] / "docs", root / "docs")
    folder = root / "clients" / "js"
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    return folder


def test_the_client_passes_its_tests_in_node_and_in_a_browser(package: Path):
    said = npm("test", folder=package)
    assert "fail 0" in said


def test_the_package_has_what_it_exports_and_no_more(package: Path):
    said = npm("pack", "--dry-run", "--json", folder=package)
    packed = {line.strip() for line in said.splitlines() if '"path"' in line}
    names = {line.split('"')[3] for line in packed}
    assert {"dist/index.js", "dist/index.d.ts", "dist/node.js", "README.md"} <= names
    assert {name for name in names if not name.startswith("dist/")} == {
        "README.md",
        "package.json",
    }


def _environment() -> dict[str, str]:
    # A caller's npm settings would change what is installed, and Node's what is tested.
    foreign = ("npm_", "NODE_OPTIONS")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"}
