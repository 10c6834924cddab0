"""One deployment for all end-to-end tests, and connections to it that end with their test."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.deployment import Deployment
from tests.end_to_end.running import DISTURBED, running
from tests.end_to_end.web import Web
from tests.end_to_end.wire import Wire

TokenOf = Callable[..., str]
Connect = Callable[..., Wire]
Call = Callable[..., Web]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the functions said last."""
    report = yield
    deployment = item.funcargs.get("deployment")
    if report.failed and deployment is not None:
        report.sections.append(("functions", deployment.last_words()))
    return report


def pytest_terminal_summary(terminalreporter):
    """Show what chaos has done: a run without any shows nothing about it."""
    if DISTURBED:
        terminalreporter.section("chaos")
    for (function, trouble), times in sorted(DISTURBED.items()):
        terminalreporter.write_line(f"{times:5} {trouble:10} {function}")


@pytest.fixture(scope="session")
def deployment(tmp_path_factory, local_chaos) -> Iterator[Deployment]:
    """Run the application, from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("end-to-end") / "app"
    shutil.copytree(
        Path(__file__).with_name("app"),
        folder,
        ignore=shutil.ignore_patterns(".cdk-streamer", "__pycache__"),
    )
    with running(folder / "app.py", local_chaos) as stack:
        yield Deployment(stack, folder, loses_posts="lose" in local_chaos.get("chaos", ()))


@pytest.fixture
def token_of(deployment) -> TokenOf:
    """Make tokens of whoever is named."""
    test = uuid.uuid4().hex[:8]

    def make(
        sub: str = "ann",
        *,
        tenant: str = "acme",
        scopes: tuple[str, ...] = (),
        lifetime: int = 3600,
    ) -> str:
        # Owners of a test are nobody else's, so that their lists and ids are their own.
        return deployment.token(sub=f"{sub}-{test}", tenant=tenant, scopes=scopes, expires=lifetime)

    return make


@pytest.fixture
def connect(deployment, token_of) -> Iterator[Connect]:
    """Open connections as whoever is named, as `token_of` does."""
    with ExitStack() as connections:
        yield lambda **who: connections.enter_context(deployment.open(token_of(**who)))


@pytest.fixture
def call(deployment, token_of) -> Call:
    """Call over HTTP as whoever is named, as `token_of` does."""
    return lambda **who: deployment.web(token_of(**who))


@pytest.fixture
def wire(connect) -> Wire:
    """Give one connection."""
    return connect()


@pytest.fixture
def web(call) -> Web:
    """Give the same caller over HTTP."""
    return call()


@pytest.fixture
def paused_worker(deployment) -> AbstractContextManager[None]:
    """Give what keeps the worker from taking anything."""
    return deployment.paused("Api/Worker")


@pytest.fixture
def locked_table(deployment) -> Callable[[str], AbstractContextManager[None]]:
    """Give what keeps a function from the table."""
    return lambda function: deployment.statement(f"{function}/Role/Resource", "Deny", "dynamodb:*")
