"""One deployment for all tests of sinks, and what takes a minute, begun first."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.running import running
from tests.end_to_end.sinks.downstream import AWAY, Downstream, until
from tests.end_to_end.sinks.sinks import Operator, Sinks, queue_of

# Of crashed functions messages come back after a minute on AWS; no test has so much time.
SOON = "2"


@pytest.fixture(scope="session")
def downstream() -> Iterator[Downstream]:
    """What is behind all sinks."""
    with Downstream().serving() as serving:
        yield serving


@pytest.fixture(scope="session")
def sinks(
    tmp_path_factory: pytest.TempPathFactory, downstream: Downstream, local_chaos: dict[str, Any]
) -> Iterator[Sinks]:
    """Run the application, from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("sinks") / "app"
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(Path(__file__).with_name("app"), folder, ignore=ignored)
    with running(folder / "app.py", local_chaos) as stack:
        sinks = Sinks(stack, folder, downstream)
        stack.client("sqs").set_queue_attributes(
            QueueUrl=sinks.url(queue_of("Paced")), Attributes={"VisibilityTimeout": SOON}
        )
        yield sinks


@pytest.fixture(scope="session", autouse=True)
def outages(sinks: Sinks, downstream: Downstream) -> None:
    """Begin two outages: messages of theirs are hidden for a minute, as a pause is that late.

    One downstream is away; the other one does not answer, so that its function would be killed.
    """
    downstream.answer("away", AWAY)
    downstream.hold("hanging/2")
    sinks.send("Ledger", "away", 1, keys=True)
    sinks.send("Hanging", "hanging", 1, 2, 3)


@pytest.fixture
def place() -> str:
    """Name a place of the downstream that nobody else has."""
    return f"p-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def operator(
    sinks: Sinks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    """Give the command line, in the folder of the app."""
    monkeypatch.chdir(sinks.folder)
    return Operator(capsys)


@pytest.fixture
def opened(sinks: Sinks) -> Sinks:
    """Give the sinks, once the circuit of the one whose downstream is away has opened."""
    until(lambda: sinks.ask("Ledger")["mapping"]["state"] == "Disabled", "the pause")
    return sinks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the functions said last."""
    report = yield
    sinks = item.funcargs.get("sinks")
    if report.failed and sinks is not None:
        report.sections.append(("functions", sinks.last_words()))
    return report
