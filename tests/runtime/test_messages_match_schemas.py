"""Every message that the server can say, against the schemas and the reader of the client."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_client.errors import RequestFailed
from cdk_streamer_client.messages import (
    Acknowledged,
    Completed,
    Failed,
    Progress,
    Retrying,
    read_news,
)
from cdk_streamer_client.schemas import schema
from cdk_streamer_client.snapshots import read_page, read_snapshot, read_state
from cdk_streamer_runtime.contract import ErrorCode, State
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import Results
from cdk_streamer_runtime.requests.uploads import Uploads
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.channels import Channel
from cdk_streamer_runtime.sockets.connections import Caller
from cdk_streamer_runtime.sockets.messages import channel_news
from tests.runtime.wire import faults

TRACE = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
FAULT = messages.fault(
    ErrorCode.TIMEOUT,
    "the action took too long",
    retryable=True,
    retry_after=500,
    details=[{"path": "/a", "message": "is odd"}],
    trace=TRACE,
)
REPORT = {
    "percentage": 41.5,
    "message": "half",
    "current": 5,
    "total": 12,
    "unit": "rows",
    "step": "read",
    "metadata": {"rows": [1]},
}


RESULTS = Results(MemoryAws(), "bucket")


def request(state: State = State.RUNNING, **changes: Any) -> Request:
    values: dict[str, Any] = {
        "key": "key",
        "tenant": "acme",
        "owner": "ann",
        "request_id": "r1",
        "action": "job",
        "body_hash": "hash",
        "created_at": START,
        "expires_at": START + 1,
        "timeout": 1,
        "max_attempts": 3,
        "seq": 4,
        "attempt": 2,
        "state": state,
        "retry_at": START + 5_000,
        "progress": {**REPORT, "attempt": 2},
        "result": {"rows": 5} if state is State.SUCCEEDED else None,
        "error": FAULT if state in {State.FAILED, State.EXPIRED} else None,
        "input": QUESTION if state is State.INPUT_REQUIRED else None,
    }
    return Request(**(values | changes))


QUESTION = {
    "input_id": "2-1",
    "schema": {"type": "boolean"},
    "prompt": "Ship it?",
    "callback_id": "secret",
}
SAID: dict[str, dict[str, Any]] = {
    "hello": messages.hello("L0SM9cOFvHcCIhw=", START // 1000, START, None),
    "hello with actions": messages.hello(
        "a", START // 1000, START, [{"name": "echo", "mode": "either", "input": {}}]
    ),
    "pong": messages.pong("r1", START),
    "pong without id": messages.pong(None, START),
    "reconnect_soon": messages.reconnect_soon("token", 0, START),
    "response": messages.response("r1", "echo", {"a": 1}, START),
    "response without id": messages.response(None, "echo", None, START),
    "refusal": messages.refusal("r1", "echo", FAULT, START),
    "error": messages.error("r1", FAULT, START),
    "error without id": messages.error(None, FAULT, START),
    "acknowledgment": news.acknowledgment(request(State.QUEUED, seq=0), START),
    "progress": news.progress(request(), {**REPORT, "attempt": 2}, 4, START),
    "bare progress": news.progress(
        request(), {"percentage": None, "message": None, "attempt": 2}, 4, START
    ),
    "chunk": news.chunk(request(), 0, '{"text": "a"}', 4, START),
    "chunk of nothing": news.chunk(request(), 2**31, "null", 4, START),
    "retrying": news.retrying(request(State.RETRY_WAIT), START),
    "input_required": news.input_required(request(State.INPUT_REQUIRED, input=QUESTION), START),
    "input_required without prompt": news.input_required(
        request(State.INPUT_REQUIRED, input={"input_id": "2-1", "schema": {}}), START
    ),
    "complete": news.ending(request(State.SUCCEEDED), START),
    "complete with null": news.ending(request(State.SUCCEEDED, result=None), START),
    "complete with chunks": news.ending(request(State.SUCCEEDED, chunks=3), START),
    "complete with address": news.ending(
        request(State.SUCCEEDED, chunks=3, result_bytes=200_000), START, RESULTS
    ),
    "failed": news.ending(request(State.FAILED), START),
    "expired": news.ending(request(State.EXPIRED), START),
    "cancelled": news.ending(request(State.CANCELLED), START),
    "cancelled with reason": news.ending(request(State.CANCELLED, cancel_reason="late"), START),
    "channel progress": {**REPORT, **channel_news("progress", "nightly", 1, START)},
    "channel complete": {"result": None, **channel_news("complete", "nightly", 2, START)},
    "channel error": {"error": FAULT, **channel_news("error", "nightly", 2, START)},
}


@pytest.mark.parametrize("name", SAID)
def test_every_message_is_one_of_the_protocol(name: str):
    assert faults(SAID[name]) == []


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("after_seq", [None, 0, 4])
def test_a_snapshot_in_any_state_is_one_of_the_protocol(state: State, after_seq: int | None):
    snapshot = news.snapshot(request(state), after_seq, START)

    assert faults(snapshot) == []
    assert read_snapshot(snapshot).state == state


@pytest.mark.parametrize("stored", [None, 200_000])
def test_a_snapshot_with_chunks_and_a_result_is_one_of_the_protocol(stored: int | None):
    ended = request(State.SUCCEEDED, chunks=3, result_bytes=stored)
    page = {"attempt": 2, "chunks": [{"chunk_index": 2, "data": None}], "next": None}

    assert faults(news.snapshot(ended, 0, START, RESULTS) | {"chunk_page": page}) == []


def test_an_upload_is_one_of_the_protocol():
    platform = MemoryPlatform()
    uploads = Uploads(MemoryAws(), "bucket", clock=platform.clock, new_id=platform.new_id, most=10)
    ticket = uploads.issue(Caller(tenant="acme", owner="ann", expires=0), 10, "text/csv")

    assert faults(messages.response("r1", "upload", ticket, START)) == []


def test_a_snapshot_before_the_first_report_is_one_of_the_protocol():
    queued = request(State.QUEUED, seq=0, attempt=1, progress=None)

    assert faults(news.snapshot(queued, None, START)) == []


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED])
def test_a_channels_snapshot_in_any_state_is_one_of_the_protocol(state: State):
    endings = {State.SUCCEEDED: {"result": 5}, State.FAILED: {"error": FAULT}}
    channel = Channel(
        tenant="acme",
        name="nightly",
        seq=4,
        state=state,
        progress=None if state is State.QUEUED else REPORT,
        ending=endings.get(state, {}),
        kept_until=START,
    )

    assert faults(channel.snapshot(0, START)) == []


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_is_one_that_clients_know(code: ErrorCode):
    fault = messages.fault(code, "text")

    assert code.value in schema("server")["$defs"]["code"]["examples"]
    assert faults(messages.error("r1", fault, START)) == []


def test_the_schema_names_every_state():
    assert schema("server")["$defs"]["state"]["enum"] == [state.value for state in State]


def test_the_schema_names_every_kind_of_message():
    assert {message["type"] for message in SAID.values()} | {"snapshot"} == set(
        schema("server")["x-messages"]
    )


# --- what the client makes of it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("acknowledgment", Acknowledged),
        ("progress", Progress),
        ("bare progress", Progress),
        ("retrying", Retrying),
        ("complete", Completed),
        ("complete with null", Completed),
        ("failed", Failed),
        ("expired", Failed),
        ("cancelled", Failed),
        ("channel progress", Progress),
        ("channel complete", Completed),
        ("channel error", Failed),
    ],
)
def test_the_client_reads_news_as_what_it_is(name: str, kind: type):
    assert isinstance(read_news(SAID[name]).message, kind)


def test_the_client_reads_all_of_a_report():
    read = read_news(SAID["progress"]).message

    assert read == Progress(
        percentage=41.5,
        message="half",
        metadata={"rows": [1]},
        current=5,
        total=12,
        unit="rows",
        step="read",
        attempt=2,
        seq=4,
    )


def test_the_client_reads_all_of_an_error():
    read = read_news(SAID["failed"]).message
    assert isinstance(read, Failed)
    error = read.error

    assert isinstance(error, RequestFailed)
    assert (error.code, error.retryable, error.retry_after) == ("TIMEOUT", True, 0.5)
    assert error.trace_id == "1-67891233-abcdef012345678912345678"
    assert error.details == [{"path": "/a", "message": "is odd"}]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (State.RUNNING, Progress),
        (State.CANCELLING, Progress),
        (State.RETRY_WAIT, Retrying),
        (State.SUCCEEDED, Completed),
        (State.FAILED, Failed),
        (State.EXPIRED, Failed),
        (State.CANCELLED, Failed),
    ],
)
def test_the_client_reads_a_snapshot_as_the_message_that_led_there(state: State, kind: type):
    assert isinstance(read_news(news.snapshot(request(state), None, START)).message, kind)


def test_the_client_reads_no_report_of_an_earlier_attempt():
    stale = request(progress={**REPORT, "attempt": 1})

    assert read_news(news.snapshot(stale, None, START)).message is None


def test_the_client_reads_a_list():
    entry = {
        "request_id": "r1",
        "action": "job",
        "state": "SUCCEEDED",
        "created_at": START,
        "ended_at": START + 5,
    }
    page = read_page({"requests": [news.entry(entry)], "cursor": "next"})

    assert page.requests[0].request_id == "r1"
    assert page.cursor == "next"


def test_the_client_reads_the_answer_to_cancel():
    assert read_state({"request_id": "r1", "state": State.CANCELLING.value}) == "CANCELLING"


# --- moments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_001, "2023-11-14T22:13:20.001Z"),
        (1_700_000_000_999, "2023-11-14T22:13:20.999Z"),
        (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),  # the last `exp` that a token may have
    ],
)
def test_a_moment_is_written_to_the_millisecond(milliseconds: int, text: str):
    assert messages.timestamp(milliseconds) == text


@given(st.integers(0, 7_258_118_400_000))  # up to the year 2200
def test_no_moment_is_a_millisecond_off(milliseconds: int):
    assert int(messages.timestamp(milliseconds)[-4:-1]) == milliseconds % 1000


def test_what_has_not_ended_has_no_ending():
    with pytest.raises(ValueError, match="has not ended"):
        news.ending(request(), START)
