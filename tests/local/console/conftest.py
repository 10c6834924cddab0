"""One application with one of every construct, and one browser, for all tests of the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_streamer_local import LocalStack
from tests.local.console.browser import Browser


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Run the application from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("console") / "app"
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(Path(__file__).with_name("app"), folder, ignore=ignored)
    with LocalStack(folder / "app.py", console=True) as stack:
        yield stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give the browser; each test opens the view that it is about."""
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def visit(browser: Browser) -> Iterator[Browser]:
    """Give the browser, and leave the console: whoever looks keeps it busy while others run."""
    yield browser
    browser.open("about:blank")


@pytest.fixture
def page(visit: Browser) -> Iterator[Browser]:
    """Give the browser, and see that the page complained of nothing while the test ran."""
    visit.errors.clear()
    yield visit
    assert visit.errors == []
