"""One deployment for all end-to-end tests, and connections to it that end with their test."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from cdk_streamer_local import LocalStack
from tests.end_to_end.deployment import Deployment
from tests.end_to_end.wire import Wire

Connect = Callable[..., Wire]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the functions said last."""
    report = yield
    deployment = item.funcargs.get("deployment")
    if report.failed and deployment is not None:
        report.sections.append(("functions", deployment.last_words()))
    return report


@pytest.fixture(scope="session")
def deployment(tmp_path_factory) -> Iterator[Deployment]:
    """Run the application, from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("end-to-end") / "app"
    shutil.copytree(
        Path(__file__).with_name("app"),
        folder,
        ignore=shutil.ignore_patterns(".cdk-streamer", "__pycache__"),
    )
    with LocalStack(folder / "app.py") as stack:
        yield Deployment(stack, folder)


@pytest.fixture
def connect(deployment) -> Iterator[Connect]:
    """Open connections as whoever is named."""
    with ExitStack() as connections:
        test = uuid.uuid4().hex[:8]

        def open_(
            *,
            sub: str = "ann",
            tenant: str = "acme",
            scopes: tuple[str, ...] = (),
            lifetime: int = 3600,
        ) -> Wire:
            # Owners of a test are nobody else's, so that their lists and ids are their own.
            token = deployment.token(
                sub=f"{sub}-{test}", tenant=tenant, scopes=scopes, expires=lifetime
            )
            return connections.enter_context(deployment.open(token))

        yield open_


@pytest.fixture
def wire(connect) -> Wire:
    """Give one connection."""
    return connect()


@pytest.fixture
def paused_worker(deployment) -> AbstractContextManager[None]:
    """Give what keeps the worker from taking anything."""
    return deployment.paused("Api/Worker")


@pytest.fixture
def locked_table(deployment) -> AbstractContextManager[None]:
    """Give what keeps the message function from the table."""
    return deployment.statement("Api/Socket/Message/Role/Resource", "Deny", "dynamodb:*")
