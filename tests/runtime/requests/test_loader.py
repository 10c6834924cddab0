"""The user's app, by the name that the construct wrote into the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cdk_streamer_runtime.requests.loader import load_app


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of a package with an app in it."""
    name = f"handlers_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    source = "from cdk_streamer_runtime import AsyncApp\napp = AsyncApp()\nother = 5\n"
    (tmp_path / name / "requests.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_an_app_is_found_by_module_and_attribute(package: str):
    app = load_app(f"{package}.requests:app")

    assert app is sys.modules[f"{package}.requests"].app


def test_the_attribute_is_app_if_none_is_named(package: str):
    assert load_app(f"{package}.requests") is load_app(f"{package}.requests:app")


def test_without_a_name_there_are_no_actions():
    assert load_app(None).actions == {}


@pytest.mark.parametrize("attribute", ["other", "missing"])
def test_anything_else_is_refused_with_the_way_out(package: str, attribute: str):
    with pytest.raises(TypeError, match=f"write `app = AsyncApp\\(\\)` in {package}/requests.py"):
        load_app(f"{package}.requests:{attribute}")


def test_a_module_that_is_not_there_is_an_import_error(package: str):
    with pytest.raises(ImportError, match="nowhere"):
        load_app(f"{package}.nowhere:app")
