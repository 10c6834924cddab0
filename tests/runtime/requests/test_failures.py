"""What an exception means for the request, and what of it a client may read."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from cdk_streamer_runtime import ActionFailed, Cancelled, ErrorCode, Fatal, Retry, Retryable
from cdk_streamer_runtime.contract import RESULT_BYTES, State
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import (
    AwsError,
    Conflict,
    DeadlineExceeded,
    IllegalTransition,
    InvalidFrame,
    LeaseLost,
    Rejection,
    RequestNotFound,
    StreamerError,
    TooManySubscribers,
)
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.failures import failure_of, fault_of
from cdk_streamer_runtime.requests.inputs import Fault, InvalidInput
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets import messages
from tests.runtime.wire import faults

SECRET = "swordfish"
TRACE = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"


def running(attempt: int = 1) -> Request:
    return Request(
        key="key",
        tenant="acme",
        owner="ann",
        request_id="r1",
        action="job",
        body_hash="hash",
        created_at=START,
        expires_at=START + 1,
        timeout=1,
        max_attempts=3,
        state=State.RUNNING,
        attempt=attempt,
        trace=TRACE,
    )


# --- what a client may read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ActionFailed("no"), "PROCESSING_FAILED"),
        *((ActionFailed("no", code=code), code.value) for code in ErrorCode),
        (Rejection(ErrorCode.FORBIDDEN, "no"), "FORBIDDEN"),
        (InvalidFrame("no"), "VALIDATION_ERROR"),
        (InvalidInput((Fault(path="/a", message="is missing"),)), "VALIDATION_ERROR"),
        (Cancelled(SECRET), "CANCELLED"),
        (DeadlineExceeded(SECRET), "TIMEOUT"),
        (RequestNotFound("there is none"), "NOT_FOUND"),
        (Conflict("another body"), "CONFLICT"),
        (TooManySubscribers("20"), "CONFLICT"),
        (ValueError(SECRET), "PROCESSING_FAILED"),
        (KeyError(SECRET), "PROCESSING_FAILED"),
        (TimeoutError(SECRET), "PROCESSING_FAILED"),
        (RecursionError(SECRET), "PROCESSING_FAILED"),
        (Retryable(SECRET), "PROCESSING_FAILED"),
        (Fatal(SECRET), "PROCESSING_FAILED"),
        (LeaseLost(SECRET), "PROCESSING_FAILED"),
        (IllegalTransition(SECRET), "PROCESSING_FAILED"),
        (StreamerError(SECRET), "PROCESSING_FAILED"),
        (AwsError("Code", SECRET, 500, SECRET), "PROCESSING_FAILED"),
        (ExceptionGroup(SECRET, [ValueError(SECRET)]), "PROCESSING_FAILED"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_an_exception_is_a_code_and_nothing_internal(error: Exception, code: str):
    fault = fault_of(error, TRACE)

    assert fault["code"] == code
    assert SECRET not in encode(fault)
    assert faults(messages.error("r1", fault, START)) == []


def test_every_error_has_the_root_of_its_trace():
    assert fault_of(ValueError(), TRACE)["trace_id"] == "1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize("trace", [None, "", "Parent=5", "garbage", ";;="])
def test_without_a_trace_there_is_none(trace: str | None):
    assert "trace_id" not in fault_of(ValueError(), trace)


def test_what_the_author_says_is_told():
    fault = fault_of(ActionFailed("too much", details={"limit": 5}), None)

    assert fault == {
        "code": "PROCESSING_FAILED",
        "message": "too much",
        "retryable": False,
        "details": {"limit": 5},
    }


def test_an_exception_that_is_passed_on_as_a_text_is_one():
    fault = fault_of(ActionFailed(ValueError("too much")), None)  # type: ignore[arg-type]

    assert fault["message"] == "too much"


@pytest.mark.parametrize(
    "details",
    [
        {"at": datetime.now(UTC)},
        {"names": {"a"}},
        {"value": float("nan")},
        {"text": "a" * RESULT_BYTES},
        {"text": "\ud800" * (RESULT_BYTES // 6 + 1)},
    ],
    ids=["datetime", "set", "nan", "large", "surrogates"],
)
def test_details_that_cannot_be_sent_are_left_out(details: dict[str, Any]):
    fault = fault_of(ActionFailed("too much", code=ErrorCode.CONFLICT, details=details), TRACE)

    assert fault.keys() == {"code", "message", "retryable", "trace_id"}
    assert (fault["code"], fault["message"]) == ("CONFLICT", "too much")


def test_details_that_no_reader_could_take_are_left_out():
    deep: Any = 0
    for _ in range(900):
        deep = [deep]

    assert "details" not in fault_of(ActionFailed("no", details={"deep": deep}), None)


def test_a_text_that_is_too_long_is_cut():
    fault = fault_of(ActionFailed("a" * 10**6), None)

    assert len(encode(fault)) < 2_000
    assert fault["message"].startswith("aaa")


def test_faults_of_a_payload_are_told_by_their_path():
    fault = fault_of(InvalidInput((Fault(path="/a", message="is missing"),)), None)

    assert fault["details"] == [{"path": "/a", "message": "is missing"}]


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (DeadlineExceeded("late"), True),
        (Rejection(ErrorCode.RATE_LIMITED, "slow down", retryable=True), True),
        (ValueError("bug"), False),
        (ActionFailed("no"), False),
        (Conflict("no"), False),
    ],
)
def test_an_error_says_whether_the_same_may_succeed_later(error: Exception, *, retryable: bool):
    assert fault_of(error, None)["retryable"] is retryable


# --- what becomes of the request ------------------------------------------------------------------


def test_without_a_policy_the_request_fails():
    assert failure_of(ValueError(), running(), None, lambda: 0.5).event is Event.FAIL


def test_with_a_policy_another_attempt_follows_after_its_wait():
    failure = failure_of(ValueError(), running(), Retry(delay=4), lambda: 0.5)

    assert (failure.event, failure.wait) == (Event.RETRY, 2_000)


def test_after_the_last_attempt_the_request_fails():
    failure = failure_of(ValueError(), running(attempt=3), Retry(), lambda: 0.5)

    assert (failure.event, failure.wait) == (Event.FAIL, 0)


def test_what_was_cancelled_is_not_tried_again():
    failure = failure_of(Cancelled("enough"), running(), Retry(on=(Cancelled,)), lambda: 0.5)

    assert failure.event is Event.FAIL


def test_the_log_has_the_exception_and_no_payload(caplog: pytest.LogCaptureFixture):
    failure_of(ValueError(SECRET), running(), None, lambda: 0.5)
    (record,) = caplog.records

    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is not None
    assert record.getMessage() == "attempt failed"


def test_a_cancelled_attempt_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    failure_of(Cancelled(SECRET), running(), None, lambda: 0.5)
    (record,) = caplog.records

    assert (record.levelno, record.exc_info) == (logging.INFO, None)
    assert SECRET not in caplog.text
