"""One deployment for all tests of batches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.batches.runs import Batches
from tests.end_to_end.running import running


@pytest.fixture(scope="session")
def batches(
    tmp_path_factory: pytest.TempPathFactory, local_chaos: dict[str, Any]
) -> Iterator[Batches]:
    """Run the application, from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("batches") / "app"
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(Path(__file__).with_name("app"), folder, ignore=ignored)
    with running(folder / "app.py", local_chaos) as stack:
        yield Batches(stack)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the functions said last."""
    report = yield
    batches = item.funcargs.get("batches")
    if report.failed and batches is not None:
        report.sections.append(("functions", batches.last_words()))
    return report
