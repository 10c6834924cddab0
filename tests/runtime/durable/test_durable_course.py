"""Steps as a worker takes them, and what a record keeps of values and exceptions."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import ActionFailed, Fatal, Retryable
from cdk_streamer_runtime.contract import STEP_BYTES, ErrorCode
from cdk_streamer_runtime.durable.course import Direct
from cdk_streamer_runtime.durable.recording import recorded, result_of
from cdk_streamer_runtime.errors import Cancelled, StepFailed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


class Outage(Exception):
    """An author's own exception, with more than its text."""

    def __init__(self, host: str, minutes: int) -> None:
        super().__init__(f"{host} is down")
        self.host = host
        self.minutes = minutes


def raising(error: BaseException) -> Any:
    def act() -> None:
        raise error

    return act


# --- records --------------------------------------------------------------------------------------


@given(JSON)
def test_a_value_comes_back_as_it_was(value: Any):
    assert result_of(recorded("step", lambda: value)) == value


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad"),
        KeyError("name"),
        FileNotFoundError(2, "no such file"),
        ActionFailed("no", code=ErrorCode.CONFLICT, details={"a": 1}),
        Retryable("later", after=5),
        Fatal("never"),
        Cancelled("enough"),
        Outage("db", 5),
        sqlite3.OperationalError("locked"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_comes_back_as_it_was(error: Exception):
    with pytest.raises(type(error)) as caught:
        result_of(recorded("step", raising(error)))

    assert caught.value.args == error.args
    assert vars(caught.value) == vars(error)
    assert type(getattr(caught.value, "code", None)) is type(getattr(error, "code", None))


def test_what_cannot_come_back_tells_what_it_was():
    class Local(Exception):
        pass

    for error in (
        Local("here"),
        ValueError(object()),
        ValueError((1, 2)),
        ValueError("x" * 300_000),
    ):
        with pytest.raises(StepFailed, match=f"step 'load' failed with {type(error).__name__}"):
            result_of(recorded("load", raising(error)))


def test_a_step_that_wants_to_exit_fails():
    with pytest.raises(RuntimeError, match="wanted to exit with 3"):
        result_of(recorded("step", raising(SystemExit(3))))


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), "x" * STEP_BYTES])
def test_a_value_that_no_record_takes_is_refused_by_the_name_of_its_step(value: Any):
    with pytest.raises((TypeError, ValueError), match="step 'load'"):
        Direct().step("load", lambda: value)


# --- a worker's course ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "x" * 129, "caf\u00e9", "a\nb"])
def test_a_name_that_the_service_would_refuse_is_refused(name: str):
    with pytest.raises(ValueError, match="a step's name has 1 to 128 printable ASCII characters"):
        Direct().step(name, lambda: 1)


def test_a_worker_gives_what_a_record_would_give():
    assert Direct().step("pair", lambda: (1, 2)) == [1, 2]


def test_a_worker_lets_the_exception_itself_rise():
    error = Outage("db", 5)
    with pytest.raises(Outage) as caught:
        Direct().step("step", raising(error))

    assert caught.value is error


def test_a_workers_sleep_ends_with_the_wish_for_its_result():
    slept: list[int] = []

    def check() -> None:
        if sum(slept) >= 2_000:
            raise Cancelled("enough")

    course = Direct(check=check, clock=lambda: sum(slept), pause=slept.append)
    with pytest.raises(Cancelled):
        course.sleep(60)

    assert sum(slept) == 2_000


@pytest.mark.parametrize("seconds", [0, -1, 367 * 86_400, float("nan")])
def test_a_sleep_that_cannot_be_is_refused(seconds: float):
    with pytest.raises(ValueError, match="wait between 1 second and 366 days"):
        Direct().sleep(seconds)
