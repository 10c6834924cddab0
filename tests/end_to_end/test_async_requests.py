"""Requests that are queued: from the acknowledgment to the stored result."""

from __future__ import annotations

import pytest

from tests.end_to_end.app.handlers.requests import SECRET
from tests.end_to_end.wire import PATIENCE


def test_a_request_is_acknowledged_makes_progress_and_completes(wire):
    request_id = wire.submit("count", {"steps": 5})

    kinds = [message["type"] for message in wire.follow(request_id)]

    assert kinds[-1] == "complete"
    assert {"acknowledgment", "progress", "complete"} == set(kinds)


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_numbers_grow_by_one_from_message_to_message(wire):
    messages = wire.follow(wire.submit("count", {"steps": 20}))

    numbers = sorted(message["seq"] for message in messages)

    assert numbers == list(range(len(messages)))


def test_the_result_is_what_the_handler_returned(wire):
    assert wire.run("count", {"steps": 2})["result"] == {"counted": 2}


def test_the_last_report_of_a_burst_arrives(wire):
    messages = wire.follow(wire.submit("count", {"steps": 30}))

    last = [message for message in messages if message["type"] == "progress"][-1]
    assert (last["current"], last["total"], last["percentage"]) == (30, 30, 100)


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_report_carries_all_that_the_handler_said(wire):
    request_id = wire.submit("count", {"steps": 1})

    report = wire.progress_of(request_id)

    assert (
        report.items()
        >= {
            "attempt": 1,
            "current": 1,
            "total": 1,
            "unit": "steps",
            "step": "counting",
            "metadata": {"source": "counter"},
        }.items()
    )


def test_percentages_of_an_attempt_never_go_back(wire):
    messages = wire.follow(wire.submit("count", {"steps": 40}))

    reports = [message for message in messages if message["type"] == "progress"]
    percentages = [(report["attempt"], report["percentage"]) for report in reports]
    assert percentages == sorted(percentages)


def test_a_request_without_an_id_gets_one(wire):
    wire.say_text('{"action": "count", "payload": {"steps": 1}}')

    request_id = wire.wait_for(lambda message: message["type"] == "acknowledgment")["request_id"]

    assert wire.follow(request_id)[-1]["type"] == "complete"


def test_the_result_can_be_read_later_on_another_connection(connect):
    request_id = connect(sub="ann").run("count", {"steps": 2})["request_id"]

    snapshot = connect(sub="ann").ask("get", {"request_id": request_id})["data"]

    assert snapshot["state"] == "SUCCEEDED"
    assert snapshot["result"] == {"counted": 2}


@pytest.mark.parametrize("stranger", [{"sub": "eve"}, {"sub": "ann", "tenant": "initech"}])
@pytest.mark.parametrize("action", ["get", "subscribe", "cancel", "unsubscribe"])
def test_a_request_of_somebody_else_answers_as_an_unknown_one(connect, stranger, action):
    request_id = connect(sub="ann").run("count", {"steps": 1})["request_id"]
    wire = connect(**stranger)

    known = wire.ask(action, {"request_id": request_id})["error"]
    unknown = wire.ask(action, {"request_id": "never-used"})["error"]

    assert known["code"] == "NOT_FOUND"
    assert known | {"trace_id": ""} == unknown | {"trace_id": ""}


def test_a_message_cannot_name_another_tenant(connect):
    request_id = connect(sub="ann", tenant="acme").run("count", {"steps": 1})["request_id"]
    wire = connect(sub="ann", tenant="initech")

    answer = wire.ask_anyway("get", {"request_id": request_id, "tenant": "acme"})

    assert answer["error"]["code"] == "NOT_FOUND"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_asking_again_with_the_same_id_gives_the_same_request(wire, tmp_path):
    payload = {"steps": 2, "executions": str(tmp_path / "executions")}
    request_id = wire.run("count", payload, id="twice")["request_id"]

    wire.send("count", payload, id="twice")
    snapshot = wire.wait_for(lambda message: message["type"] == "snapshot")

    assert (request_id, snapshot["request_id"]) == ("twice", "twice")
    assert snapshot["result"] == {"counted": 2}
    assert (tmp_path / "executions").read_text() == "executed\n"


def test_the_same_id_belongs_to_each_owner_alone(connect):
    first = connect(sub="ann").run("count", {"steps": 1}, id="mine")
    second = connect(sub="bob").run("count", {"steps": 2}, id="mine")

    assert (first["result"]["counted"], second["result"]["counted"]) == (1, 2)


def test_the_same_id_with_another_body_is_a_conflict(wire):
    wire.run("count", {"steps": 1}, id="used")

    assert wire.ask("count", {"steps": 2}, id="used")["error"]["code"] == "CONFLICT"


def test_a_failing_request_says_why_when_the_handler_does(wire):
    message = wire.run("refuse_later")

    assert message["type"] == "error"
    assert message["error"]["message"] == "the shop is closed"
    assert message["error"]["details"] == {"opens": "Monday"}


def test_an_exception_of_a_handler_stays_inside(wire):
    message = wire.run("break_later")

    assert message["type"] == "error"
    assert SECRET not in str(message)
    assert "ValueError" not in str(message)


def test_a_failed_request_can_be_read_later(wire):
    request_id = wire.run("break_later")["request_id"]

    snapshot = wire.ask("get", {"request_id": request_id})["data"]

    assert (snapshot["state"], snapshot["error"]["code"]) == ("FAILED", "PROCESSING_FAILED")


def test_the_list_has_the_newest_first_and_goes_on_at_its_cursor(wire):
    for number in range(3):
        wire.run("count", {"steps": 1}, id=f"listed-{number}")

    first = wire.ask("list", {"limit": 2})["data"]
    second = wire.ask("list", {"limit": 2, "cursor": first["cursor"]})["data"]

    names = [entry["request_id"] for entry in first["requests"] + second["requests"]]
    assert names == ["listed-2", "listed-1", "listed-0"]


def test_the_list_can_ask_for_one_state(wire):
    wire.run("count", {"steps": 1}, id="good")
    wire.run("break_later", id="bad")

    failed = wire.ask("list", {"state": "FAILED"})["data"]["requests"]

    assert [(entry["request_id"], entry["action"]) for entry in failed] == [("bad", "break_later")]


def test_the_list_has_nothing_of_others(connect):
    connect(sub="ann").run("count", {"steps": 1})

    assert connect(sub="mallory").ask("list")["data"]["requests"] == []


def test_a_cursor_of_another_owner_shows_nothing_of_that_owner(connect):
    ann, mallory = connect(sub="cursor-ann"), connect(sub="cursor-mallory")
    for number in range(2):
        ann.run("count", {"steps": 1}, id=f"hers-{number}")
    cursor = ann.ask("list", {"limit": 1})["data"]["cursor"]

    answer = mallory.ask("list", {"cursor": cursor})

    assert "hers" not in str(answer)


def test_twenty_requests_at_once_all_complete(wire):
    ids = [wire.send("count", {"steps": 3}) for _ in range(20)]

    ends = [wire.follow(request_id, patience=2 * PATIENCE)[-1] for request_id in ids]

    assert [end["result"]["counted"] for end in ends] == [3] * 20
