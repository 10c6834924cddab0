"""The batch, run in memory: its users from a list, its calendar a server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from calendar_server import CalendarServer
from handlers.batch import batch  # pyright: ignore[reportAttributeAccessIssue] - of this example

from cdk_streamer_runtime.testing import MemoryBatch

USERS = [f"user-{number:04}" for number in range(1, 101)]
MODULE = "handlers.batch"


class Users:
    """As much of a table as the batch needs."""

    def __init__(self, users: list[str], page: int = 40) -> None:
        self.items: list[dict[str, Any]] = []
        self._users = users
        self._page = page

    def query(self, **question: Any) -> dict[str, Any]:
        start = int(question.get("ExclusiveStartKey", {}).get("sk", 0))
        end = start + self._page
        found = {"Items": [{"sk": user} for user in self._users[start:end]]}
        more = {"LastEvaluatedKey": {"pk": "users", "sk": str(end)}}
        return found | more if end < len(self._users) else found

    def put_item(self, *, Item: dict[str, Any]) -> None:  # noqa: N803 - boto3's
        self.items.append(Item)


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> Users:
    found = Users(USERS)
    monkeypatch.setattr(f"{MODULE}.table", lambda: found)
    return found


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Iterator[CalendarServer]:
    server = CalendarServer(unknown=frozenset({"user-0066"}), failing=2)
    monkeypatch.setenv("CALENDAR", server.url)
    yield server
    server.close()


@pytest.fixture
def memory() -> MemoryBatch:
    return MemoryBatch(batch, chunk_size=25)


def test_everybody_is_reminded_of_their_own_day(users, calendar, memory):
    memory.run()

    reminded = {message["user"]: message["text"] for message in memory.sent}
    assert sorted(reminded) == [user for user in USERS if user != "user-0066"]
    assert all(user in text for user, text in reminded.items())


def test_a_bad_moment_of_the_calendar_costs_another_question_and_no_reminder(
    users, calendar, memory
):
    result = memory.run()

    assert (result["chunks"], result["retried"]) == (4, 1)
    assert calendar.questions == 5
    assert result["published"] == 99


def test_whom_the_calendar_does_not_know_is_given_up(users, calendar, memory):
    memory.run()

    assert [letter["id"] for letter in memory.letters] == ["user-0066"]


def test_the_report_is_written_down_once(users, calendar, memory):
    memory.run(batch_id="Office-Daily-20300131T0600Z")

    (report,) = users.items
    assert (report["pk"], report["sk"]) == ("reports", "Office-Daily-20300131T0600Z")
    assert (report["discovered"], report["published"], report["failed"]) == (100, 99, 1)
    assert report["missing"] == ["user-0066"]


def test_a_process_that_dies_leaves_nobody_without_a_reminder(users, calendar, memory):
    memory.crash(after=[2])
    memory.run()

    assert memory.invocations > 1
    assert len({message["user"] for message in memory.sent}) == 99
    assert len(users.items) == 1
