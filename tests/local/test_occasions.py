"""The times that schedules tell their targets: when they were due, not when they were looked at."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_streamer_local.engine.occasions import Occasions

NOW = dt.datetime(2026, 3, 1, 9, 0, 7, tzinfo=dt.UTC)
HOUR = 3600
INPUT = '{"due": "<aws.scheduler.scheduled-time>", "id": "<aws.scheduler.execution-id>"}'


class Engine:
    """What the engine knows of one schedule, and what it invoked."""

    def __init__(self, expression: str, last: float | None = None) -> None:
        self.rule = {"ScheduleExpression": expression, "Arn": "arn:schedule", "Target": {}}
        self.invoked: list[Any] = []
        self.events = SimpleNamespace(
            _invoke_target=lambda target, *_: self.invoked.append(target["Input"]),
            _parse_rate_seconds=lambda text: HOUR if text.startswith("rate(") else None,
            _parse_cron_fields=lambda text: text,
            _cron_next_fire=lambda _, after: after.replace(hour=9, minute=0, second=0),
        )
        scheduler = SimpleNamespace(
            _schedules=SimpleNamespace(_data={"one": self.rule}),
            _schedule_last_fired={} if last is None else {"one": last},
            _at_time_epoch=lambda text: (
                dt.datetime.fromisoformat(text[3:-1]).replace(tzinfo=dt.UTC).timestamp()
                if text.startswith("at(")
                else None
            ),
        )
        self.occasions = Occasions(self.events, scheduler, lambda: "an-id")
        self.occasions.look()

    def fire(self, text: str = INPUT, source: str = "aws.scheduler") -> str:
        event = {"Source": source, "Time": NOW.timestamp()}
        self.events._invoke_target({"Input": text}, event, self.rule)  # noqa: SLF001
        return self.invoked[-1]


def at(hour: int, minute: int = 0) -> float:
    return NOW.replace(hour=hour, minute=minute, second=0).timestamp()


@pytest.mark.parametrize(
    ("expression", "last", "due"),
    [
        ("at(2026-03-01T09:00:00)", None, "2026-03-01T09:00:00Z"),
        ("cron(0 9 * * ? *)", at(7, 30), "2026-03-01T09:00:00Z"),
        ("rate(1 hour)", at(7, 59), "2026-03-01T08:59:00Z"),
        ("rate(1 hour)", None, "2026-03-01T09:00:07Z"),
        ("rate(1 hour)", 0.0, "2026-03-01T09:00:07Z"),
    ],
)
def test_an_occasion_is_told_by_the_time_that_it_was_due(expression, last, due):
    assert Engine(expression, last).fire() == f'{{"due": "{due}", "id": "an-id"}}'


def test_an_input_without_attributes_stays_as_it_is():
    assert Engine("rate(1 hour)").fire('{"tick": true}') == '{"tick": true}'


def test_what_rules_of_a_bus_send_is_left_alone():
    assert Engine("rate(1 hour)").fire(source="aws.events") == INPUT
