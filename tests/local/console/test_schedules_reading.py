"""When expressions of EventBridge come next, and what the engine tells of schedules."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_streamer_local.console.panels.schedules.cron import EventCron
from cdk_streamer_local.console.panels.schedules.expressions import next_of
from cdk_streamer_local.engine.schedule_glances import OCCASIONS_PATH, ScheduleGlances


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW = seconds("2026-11-22T10:30:30")  # a Sunday


# Expressions and days of AWS's own examples, and of their neighbors.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
@pytest.mark.parametrize(
    ("expression", "moment"),
    [
        ("cron(0 10 * * ? *)", "2026-11-23T10:00"),
        ("cron(15 12 * * ? *)", "2026-11-22T12:15"),
        ("cron(0/15 * * * ? *)", "2026-11-22T10:45"),
        ("cron(30 10 * * ? *)", "2026-11-23T10:30"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00"),
        ("cron(0/10 * ? * 2-6 *)", "2026-11-23T00:00"),
        ("cron(0 9 L * ? *)", "2026-11-30T09:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-27T09:00"),
        ("cron(0 9 ? * THU#4 *)", "2026-11-26T09:00"),
        ("cron(0 9 28W * ? *)", "2026-11-27T09:00"),
        ("cron(0 9 1W * ? 2027)", "2027-01-01T09:00"),
        ("cron(0 0 29 FEB ? *)", "2028-02-29T00:00"),
        ("at(2026-11-22T10:31:00)", "2026-11-22T10:31"),
    ],
)
def test_the_next_time_of_an_expression(expression: str, moment: str):
    assert next_of(expression, NOW, None) == seconds(moment)


@pytest.mark.parametrize(
    "expression",
    ["at(2026-11-22T10:30:00)", "cron(0 9 1 1 ? 2020)", "cron(0 9 * *)", "cron(x 9 * * ? *)", ""],
)
def test_what_is_over_or_cannot_be_read_has_no_next_time(expression: str):
    assert next_of(expression, NOW, None) is None


def test_a_rate_comes_a_period_after_it_came_last():
    assert next_of("rate(5 minutes)", NOW, NOW - 60) == NOW + 240


def test_a_rate_that_is_overdue_is_due_now():
    assert next_of("rate(1 hour)", NOW, NOW - 4_000) == NOW


def test_the_next_time_of_a_rate_that_never_came_is_not_known():
    assert next_of("rate(1 day)", NOW, None) is None


def test_a_nearest_weekday_stays_within_its_month():
    cron = EventCron.parse("0 9 1W * ? *")

    assert cron.matches(date(2026, 8, 3))  # the first is a Saturday
    assert not cron.matches(date(2026, 7, 31))


class Engine:
    """The two modules that the glances look at."""

    def __init__(self) -> None:
        self.invoked: list[str] = []
        self.scheduler = SimpleNamespace(
            _schedules=SimpleNamespace(_data={"key": {"Arn": "arn:schedule"}}),
            _schedule_last_fired={"key": 40.0, "gone": 1.0},
        )
        self.events = SimpleNamespace(
            _rules=SimpleNamespace(_data={}),
            _rule_last_fired={},
            _invoke_target=lambda target, *_: self.invoked.append(target["Arn"]),
        )
        self.asked: list[str] = []
        self.glances = ScheduleGlances(self.app, self.scheduler, self.events, lambda: 50.0)

    async def app(self, scope: dict[str, Any], _receive: object, _send: object) -> None:
        self.asked.append(scope["path"])

    def invoke(self, target: dict[str, str], rule: dict[str, str]) -> None:
        self.events._invoke_target(target, {}, rule)  # noqa: SLF001 - as the engine calls it

    def get(self, path: str) -> bytes:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {}

        asyncio.run(self.glances({"type": "http", "path": path}, receive, send))
        return b"".join(message.get("body", b"") for message in sent)


def test_what_a_schedule_invoked_is_counted_and_invoked_nevertheless():
    engine = Engine()

    for _ in range(2):
        engine.invoke({"Arn": "target"}, {"Arn": "arn:schedule"})

    assert engine.invoked == ["target", "target"]
    assert json.loads(engine.get(OCCASIONS_PATH)) == {
        "invoked": {"arn:schedule": [50.0, 2]},
        "since": {"arn:schedule": 40.0},
    }


def test_everything_else_is_left_to_the_engine():
    engine = Engine()

    assert engine.get("/other") == b""
    assert engine.asked == ["/other"]
