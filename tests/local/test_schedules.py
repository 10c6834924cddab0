"""Schedules of EventBridge Scheduler, as the engine keeps them."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
import time
import uuid
from types import SimpleNamespace

import pytest

from cdk_streamer_local.engine.punctual import (
    SCHEDULES_PATH,
    SchedulesFront,
    begins_at_once,
    deliver_delayed,
)

RATE = {"ScheduleExpression": "rate(1 minute)"}


def engine(**fired):
    """Give what the front knows of the engine, and who had fired before each look of it."""
    looks = []
    module = SimpleNamespace(
        _schedules=SimpleNamespace(_data={"one": RATE}),
        _schedule_last_fired=fired,
        _tick_schedules=lambda: looks.append(dict(fired)),
    )
    return module, looks


def call(front, path):
    """Give what the front answers, and nothing if it left that to the engine."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(front({"type": "http", "path": path}, receive, send))
    return [message["status"] for message in sent if "status" in message]


async def nothing(_scope, _receive, _send):
    return


def test_a_new_rate_fires_as_soon_as_its_target_is_ready_and_with_its_input(echo):
    line = json.loads(echo.wait_for_log("Tick", "tick", timeout=30))

    assert line["wired"] is True
    assert line["event"]["tick"] is True


def test_a_schedules_target_is_told_of_its_occasion(echo):
    event = json.loads(echo.wait_for_log("Tick", "tick", timeout=30))["event"]

    assert dt.datetime.fromisoformat(event["at"]).tzinfo is dt.UTC
    assert (len(event["id"]), event["times"]) == (36, "1")
    assert event["of"].startswith("arn:aws:scheduler:us-east-1:000000000000:schedule/")


def test_what_a_rule_invokes_is_tried_again_when_it_fails(echo):
    rules, name = echo.client("events"), f"r-{uuid.uuid4().hex[:8]}"
    rules.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    probe = echo.client("lambda").get_function(FunctionName=echo.function_name("Probe"))
    target = {
        "Id": "probe",
        "Arn": probe["Configuration"]["FunctionArn"],
        "Input": json.dumps({"do": "raise", "text": name}),
    }
    rules.put_targets(Rule=name, Targets=[target])

    rules.put_events(Entries=[{"Source": name, "DetailType": "asked", "Detail": "{}"}])

    def failures():
        return [line for line in echo.logs("Probe") if line == f"RuntimeError: {name}"]

    echo.wait_for(lambda: len(failures()) > 1)


def test_nothing_fires_before_the_targets_are_ready():
    module, looks = engine()

    SchedulesFront(nothing, module).tick()

    assert looks == []


def test_what_else_waits_for_the_targets_begins_with_them():
    begun = []

    call(SchedulesFront(nothing, engine()[0], lambda: begun.append(True)), SCHEDULES_PATH)

    assert begun == [True]


def test_a_new_rate_is_due_at_once_when_they_are():
    module, looks = engine()
    front = SchedulesFront(nothing, module)

    status = call(front, SCHEDULES_PATH)
    front.tick()

    assert (status, looks) == ([204], [{"one": 0.0}])


def test_a_rate_that_has_fired_waits_for_its_next_time():
    module, looks = engine(one=7.0)
    front = SchedulesFront(nothing, module)
    call(front, SCHEDULES_PATH)

    front.tick()

    assert looks == [{"one": 7.0}]


def test_every_other_call_is_the_engines():
    assert call(SchedulesFront(nothing, engine()[0]), "/") == []


@pytest.mark.parametrize(
    "schedule",
    [
        {"ScheduleExpression": "cron(0 9 * * ? *)"},
        {"ScheduleExpression": "at(2030-01-01T00:00:00)"},
        {**RATE, "StartDate": 1_900_000_000},
        {},
    ],
)
def test_other_schedules_wait_for_their_time(schedule):
    assert not begins_at_once(schedule)


def test_pollers_are_woken_when_a_delay_ends():
    wake = threading.Event()
    message = {"visible_at": time.time() + 0.2}
    queues = SimpleNamespace(_queues=SimpleNamespace(_data={"one": {"messages": [message]}}))

    deliver_delayed(queues, wake)

    assert wake.wait(30)
    assert time.time() >= message["visible_at"]
