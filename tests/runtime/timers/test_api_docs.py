"""The page about the REST API: requests are answered as it says, and its tables are complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.contract.timers import TimerRoute, TimerState
from cdk_streamer_runtime.timers.definition import Policy
from cdk_streamer_runtime.timers.rest.body import DISPATCH_MARGIN, MEMBERS
from cdk_streamer_runtime.timers.schedules.moments import moment
from tests.runtime.timers.rest import Rest

PAGE = (Path(__file__).parents[3] / "docs" / "timers-api.md").read_text()
BLOCKS = re.findall(r"^```http\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BEGIN = moment("2026-11-02T08:00:00Z") * 1000
PAUSE = 60_000


def parts(block: str) -> tuple[str, dict[str, str], str]:
    """Give the first line, the headers and the body."""
    head, _, body = block.strip("\n").partition("\n\n")
    first, *headers = head.split("\n")
    return first, dict(line.split(": ", 1) for line in headers), body


def conversation() -> Iterator[tuple[str, str]]:
    """Give each answer of the page with that of the API, in the order of the page."""
    rest = Rest()
    rest.platform.now = BEGIN
    for asked, told in zip(BLOCKS[::2], BLOCKS[1::2], strict=True):
        first, headers, body = parts(asked)
        method, _, target = first.partition(" ")
        path, _, query = target.partition("?")
        answer = rest.ask(method, path, body or None, query=parse_qs(query), headers=headers)
        rest.platform.advance(PAUSE)
        _, shown, document = parts(told)
        got = {name: answer.headers[name.lower()] for name in shown}
        yield (
            f"{first}: {parts(told)[0][:3]} {shown} {json.loads(document)}",
            f"{first}: {int(answer.status)} {got} {answer.document}",
        )


@pytest.mark.parametrize(("shown", "answered"), list(conversation()), ids=range(len(BLOCKS) // 2))
def test_the_page_shows_what_is_answered(shown: str, answered: str):
    assert answered == shown


def test_the_page_shows_requests_of_every_kind():
    methods = {block.split(" ")[0] for block in BLOCKS[::2]}

    assert methods == {"PUT", "GET", "PATCH", "POST"}


def cells(header: str) -> list[str]:
    """Give what the first cells of a table have in backquotes."""
    lines = PAGE.partition(f"\n| {header} |")[2].splitlines()[2:]
    rows = [line for line in lines[: lines.index("")] if line.startswith("|")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def test_every_route_is_on_the_page():
    assert sorted(cells("route")) == sorted(TimerRoute)


def test_every_member_and_every_policy_is_on_the_page():
    assert sorted(cells("member | | default")) == sorted(MEMBERS)
    assert sorted(cells("policy")) == sorted(Policy)
    assert [state for state in TimerState if f"`{state}`" not in PAGE] == []


def test_the_longest_jitter_is_the_one_on_the_page():
    assert f"most {MAX_DELAY_SECONDS - DISPATCH_MARGIN} s less the construct's `look_ahead`" in PAGE
