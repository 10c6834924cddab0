"""One deployment for all tests of streams."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_local.events import Spoke
from tests.end_to_end.running import running
from tests.end_to_end.streams.processors import Processors, event


@pytest.fixture(scope="session")
def streams(
    tmp_path_factory: pytest.TempPathFactory, local_chaos: dict[str, Any]
) -> Iterator[Processors]:
    """Run the application, from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("streams") / "app"
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(Path(__file__).with_name("app"), folder, ignore=ignored)
    with running(folder / "app.py", local_chaos) as stack:
        yield Processors(stack, folder)


@pytest.fixture(scope="session", autouse=True)
def tasks(streams: Processors) -> None:
    """Set the tasks of two groups, one of which takes long: a message is hidden for 12 s."""
    told = [event("task-set", each, number) for number in range(4) for each in ("late", "prompt")]
    told[2]["thing"]["receives"] = 2  # the second one of the late group
    streams.order(*told)


@pytest.fixture
def id() -> str:
    """Name a thing that nobody else has."""
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the functions said last."""
    report = yield
    streams = item.funcargs.get("streams")
    if report.failed and streams is not None:
        said = [
            f"{event.function}: {event.report.kind} {event.report.text}"
            for event in streams.stack.events
            if isinstance(event, Spoke)
        ]
        report.sections.append(("functions", "\n".join(said[-60:])))
    return report
