"""The code in docs/timers-client.md does what the page says."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_client import BatchFailed, Every, TimerClient
from cdk_streamer_client.timers import errors
from cdk_streamer_local.cli import main
from cdk_streamer_runtime.testing import FakeTimerService

PAGE = Path(__file__).parents[3] / "docs" / "timers-client.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Run the page from top to bottom, and give what it defines."""
    defined: dict[str, Any] = {}
    exec(compile("\n".join(blocks("python")), PAGE.name, "exec"), defined)  # noqa: S102
    return defined


@pytest.fixture
def timers() -> TimerClient:
    return TimerClient(transport=FakeTimerService().transport)


def test_the_first_block_makes_timers(page: dict[str, Any], timers: TimerClient):
    page["follow"](timers)

    assert sorted(timer.id for timer in timers.list()) == ["launch", "news", "prices"]


def test_faults_are_those_that_the_page_tells(page: dict[str, Any], timers: TimerClient):
    told = re.findall(r"`(/[\w/]+)`", PAGE.read_text())

    assert sorted(page["faults"](timers)) == sorted(told)


def test_a_change_is_made_to_what_was_read(page: dict[str, Any], timers: TimerClient):
    timers.put("a", Every(minutes=5), data={"n": 1})

    assert page["count_up"](timers, "a") == 2


def test_many_are_replaced_at_once(page: dict[str, Any], timers: TimerClient):
    timers.put("old", Every(minutes=5))

    assert page["replace_all"](timers, ["a", "b"], ["old"]) == []
    assert sorted(timer.id for timer in timers.list()) == ["a", "b"]


def test_every_method_of_the_client_is_in_the_table():
    told = re.findall(r"^\| `.*?\|", PAGE.read_text(), re.MULTILINE)
    methods = [name for name, _ in inspect.getmembers(TimerClient, inspect.isfunction)]

    public = {name for name in methods if not name.startswith("_")} - {"close", "put_entry"}
    assert {name for name in public if any(f"`{name}(" in row for row in told)} == public


def test_every_error_is_in_the_table():
    raised = {
        name
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, errors.TimerError)
    }

    assert {name for name in raised if f"`{name}`" not in PAGE.read_text()} == set()
    assert issubclass(BatchFailed, errors.TimerError)


def previews() -> list[tuple[str, str]]:
    commands = [block for block in blocks("sh") if "preview" in block]
    return list(zip(commands, blocks("text"), strict=True))


@pytest.mark.parametrize(("command", "output"), previews())
def test_a_preview_prints_what_the_page_shows(
    command: str, output: str, capsys: pytest.CaptureFixture[str]
):
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == output
