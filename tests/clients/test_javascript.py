"""The JavaScript client builds and passes its own tests, in Node and in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.javascript import npm, package_in


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package_in(tmp_path_factory.mktemp("javascript"))


def test_the_client_passes_its_tests_in_node_and_in_a_browser(package: Path):
    assert "fail 0" in npm("test", folder=package)


def test_the_package_has_what_it_exports_and_no_more(package: Path):
    said = npm("pack", "--dry-run", "--json", "--ignore-scripts", folder=package)
    (packed,) = json.loads(said)
    names = {entry["path"] for entry in packed["files"]}
    assert {"dist/index.js", "dist/index.d.ts", "dist/node.js"} <= names
    assert {name for name in names if not name.startswith("dist/")} == {
        "README.md",
        "package.json",
    }
