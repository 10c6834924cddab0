"""Publishing to a channel from any function: the last report leaves, and the end is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cdk_streamer_runtime import Progress
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import RESULT_BYTES, PublisherEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE
from cdk_streamer_runtime.sockets.channels import Channel, ChannelStore
from cdk_streamer_runtime.sockets.publisher import ChannelProgress
from tests.runtime.observed_aws import Effect, ObservedAws, answer_lost, refused_by
from tests.runtime.wire import faults

PATIENCE = 30  # seconds, in which everything awaited happens; nothing takes this long
SETTINGS = PublisherEnvironment(name="jobs", table_name=TABLE.name, endpoint=ENDPOINT)
UNREACHABLE = Unreachable("Timeout", "", 0, "UpdateItem")


@pytest.fixture
def aws() -> ObservedAws:
    memory = MemoryAws(tables=[TABLE])
    memory.connections.open("a")
    return ObservedAws(memory)


@pytest.fixture
def store(aws: ObservedAws) -> ChannelStore:
    return ChannelStore(Table(aws, TABLE.name))


def progress_of(aws: ObservedAws, name: str = "nightly") -> ChannelProgress:
    assembly = Assembly(aws=aws, platform=Machine())
    return assembly.channel(SETTINGS, tenant="acme", name=name, max_rate=10)


def subscribe(store: ChannelStore) -> Channel:
    now = Machine().clock()
    return store.subscribe("acme", "nightly", "a", now // 1000 + 3_600, now)


def heard(aws: ObservedAws) -> list[Any]:
    messages = [json.loads(body) for body in aws.memory.connections.messages("a")]
    assert [fault for message in messages for fault in faults(message)] == []
    return messages


def waited_for(event: threading.Event) -> Callable[[Effect], Any]:
    def intervene(effect: Effect) -> Any:
        event.set()
        return effect()

    return intervene


def test_leaving_the_block_sends_the_last_report(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    with progress_of(aws) as progress:
        for number in range(101):
            progress.report(number, "Working", rows=number)

    last = heard(aws)[-1]
    assert (last["percentage"], last["metadata"]) == (100, {"rows": 100})


def test_reports_leave_while_the_work_goes_on(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    written = threading.Event()
    aws.on("POST", waited_for(written))
    with progress_of(aws) as progress:
        progress.report(1, "first")
        assert written.wait(PATIENCE)
        progress.report(2, "last")

    assert [message["message"] for message in heard(aws)] == ["first", "last"]


def test_numbers_grow_and_the_end_has_the_highest(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    with progress_of(aws) as progress:
        progress.report(1)
        progress.complete({"rows": 100})

    messages = heard(aws)
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    assert (messages[-1]["type"], messages[-1]["result"]) == ("complete", {"rows": 100})


def test_the_report_that_waits_leaves_before_the_end(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    with progress_of(aws) as progress:
        progress.report(1)
        progress.report(99)
        progress.complete()

    assert [message["type"] for message in heard(aws)][-2:] == ["progress", "complete"]
    assert heard(aws)[-2]["percentage"] == 99


def test_a_failure_is_told_by_its_code(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    with progress_of(aws) as progress:
        progress.fail("NOT_FOUND", "nothing to do")

    (message,) = heard(aws)
    assert message["error"] == {"code": "NOT_FOUND", "message": "nothing to do", "retryable": False}


def test_an_exception_in_the_block_rises(aws: ObservedAws):
    with pytest.raises(ZeroDivisionError), progress_of(aws) as progress:
        progress.report(1 / 0)


def test_a_block_without_reports_calls_nothing(aws: ObservedAws):
    with progress_of(aws):
        pass

    assert aws.calls == []


def test_a_report_costs_one_write_and_one_post_a_subscriber(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    aws.calls.clear()
    with progress_of(aws) as progress:
        progress.report(1)

    assert aws.calls == ["UpdateItem", "POST"]


def test_the_threads_end_with_the_block(aws: ObservedAws):
    before = threading.active_count()
    with progress_of(aws) as progress:
        progress.report(1)

    assert threading.active_count() == before


@pytest.mark.parametrize("failure", [refused_by(UNREACHABLE), answer_lost])
def test_the_table_out_of_reach_fails_no_job(
    aws: ObservedAws, store: ChannelStore, failure: Callable[[Effect], Any]
):
    progress = progress_of(aws)
    subscribe(store)
    aws.on("UpdateItem", *[failure] * 100)
    with progress:
        progress.report(1)
        progress.report(2)

    assert heard(aws) == []


def test_an_end_that_could_not_be_stored_is_raised(aws: ObservedAws, store: ChannelStore):
    subscribe(store)
    aws.on("UpdateItem", refused_by(UNREACHABLE))

    with pytest.raises(Unreachable), progress_of(aws) as progress:
        progress.complete()


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ("a" * RESULT_BYTES, ValueError),
        ("ä" * (RESULT_BYTES // 2), ValueError),
        ({"a", "set"}, TypeError),
        (float("nan"), ValueError),
    ],
    ids=["ascii", "umlauts", "set", "nan"],
)
def test_a_result_that_no_message_can_carry_is_refused(
    aws: ObservedAws, store: ChannelStore, result: object, error: type[Exception]
):
    subscribe(store)
    with progress_of(aws) as progress:
        progress.report(1)
        with pytest.raises(error):
            progress.complete(result)
        progress.fail("PAYLOAD_TOO_LARGE", "see the log")

    assert heard(aws)[-1]["type"] == "error"


@pytest.mark.parametrize("code", ["", "boom", "NO ROWS", "NO_ROWS"])
def test_a_code_that_no_client_expects_is_refused(aws: ObservedAws, code: str):
    with progress_of(aws) as progress, pytest.raises(ValueError, match="ErrorCode"):
        progress.fail(code, "nothing to do")


@pytest.mark.parametrize("name", ["", "a\nb", "a" * 257, "\ud800"])
def test_a_name_that_nobody_could_subscribe_to_is_refused(aws: ObservedAws, name: str):
    with pytest.raises(ValueError, match="a channel's name"):
        progress_of(aws, name)


# --- for_channel ----------------------------------------------------------------------------------


def test_a_function_that_nothing_was_granted_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CDK_STREAMER_TABLE_NAME", raising=False)

    with pytest.raises(ValueError, match="CDK_STREAMER_TABLE_NAME is missing"):
        Progress.for_channel("nightly", tenant="acme")


@pytest.mark.parametrize("max_rate", [0, -1, 101])
def test_a_rate_has_bounds(monkeypatch: pytest.MonkeyPatch, max_rate: int):
    for name, value in SETTINGS.to_variables().items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match="max_rate must be between 1 and 100"):
        Progress.for_channel("nightly", tenant="acme", max_rate=max_rate)
