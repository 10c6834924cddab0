"""One deployment for all tests of timers, and timers that are made at its beginning."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Spoke
from tests.end_to_end.running import running
from tests.end_to_end.timers.service import Service, bearing, now, signed, text_of, unsigned


@pytest.fixture(scope="session")
def timer_stack(
    tmp_path_factory: pytest.TempPathFactory, local_chaos: dict[str, Any]
) -> Iterator[LocalStack]:
    """Run the application, from a copy: another test run may be using the original's folder."""
    folder = tmp_path_factory.mktemp("timers") / "app"
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(Path(__file__).with_name("app"), folder, ignore=ignored)
    with running(folder / "app.py", local_chaos) as stack:
        yield stack


@pytest.fixture(scope="session")
def plain(timer_stack: LocalStack) -> Service:
    """The service as it comes, called by a user who may."""
    key = timer_stack.credentials("alice", resources=["arn:aws:execute-api:*:*:*/live/*/periodic*"])
    return Service(timer_stack, "Plain", signed(key.access_key, key.secret_key))


@pytest.fixture(scope="session")
def strict(timer_stack: LocalStack) -> Service:
    """The service with tokens, strict, remembering, and of owners apart; called by Ann."""
    return Service(timer_stack, "Strict", bearing(timer_stack.token(sub="ann", tenant="acme")))


@pytest.fixture(scope="session")
def held(timer_stack: LocalStack) -> Service:
    """The service whose dispatcher does nothing so far."""
    key = timer_stack.credentials("bob")
    return Service(timer_stack, "Held", signed(key.access_key, key.secret_key))


@pytest.fixture(scope="session", autouse=True)
def early(plain: Service) -> dict[str, int]:
    """Make the timers that take long to show what they are about; gives moments of theirs."""
    begin = now()
    minute = (begin // 60 + 2) % 60
    plain.put("steady", {"every": 5, "phase": 3}, {"n": 1})
    plain.put("hopeless", {"at": text_of(begin)}, {"fail": True})
    plain.put("minutely", {"cron": "* * * * *", "timezone": "Asia/Kathmandu"})
    older = {"timerCallbackData": {"older": "body"}, "minuteOfHour": minute}
    assert plain.ask("PUT", "/periodic/older", older).status == 201
    return {"begin": begin, "minute": minute}


@pytest.fixture
def id(plain: Service, strict: Service) -> Iterator[str]:
    """Name a timer that nobody else has."""
    yield f"t-{uuid.uuid4().hex[:8]}"
    plain.calm()
    strict.calm()


@pytest.fixture
def anybody(plain: Service) -> Service:
    """The service, called by nobody in particular."""
    return plain.by(unsigned)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the functions said last, but for firings."""
    report = yield
    stack = item.funcargs.get("timer_stack")
    if report.failed and stack is not None:
        said = [
            f"{event.function}: {event.report.kind} {event.report.text}"
            for event in stack.events
            if isinstance(event, Spoke) and not event.report.text.startswith('{"fired"')
        ]
        report.sections.append(("functions", "\n".join(said[-60:])))
    return report
