"""Requests as durable executions: steps once, sleeps for free, questions, and how they end."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from cdk_streamer_runtime import ActionFailed, AsyncApp, Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.errors import InputTimeout
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.testing import TestClient
from tests.runtime.durable.lives import DAY, HOUR, KEY, MINUTE, SECOND, Life
from tests.runtime.observed_aws import Killed, request_lost


def two_steps(life: Life, progress: Progress, context: RequestContext) -> Any:
    progress.report(10, "first")
    first = context.step("first", life.do("first", 40))
    progress.report(20, "asleep")
    context.sleep(86_400)
    progress.report(50, "awake")
    return first + context.step("second", life.do("second", 2))


def asks(life: Life, progress: Progress, context: RequestContext) -> Any:
    context.step("before", life.do("before"))
    progress.report(30)
    answer = progress.ask(Literal["yes", "no"], prompt="Ship it?", timeout=3 * 86_400)
    progress.report(60)
    context.step("after", life.do("after"))
    return answer


def sleeps(life: Life, progress: Progress, context: RequestContext) -> str:
    progress.report(10)
    context.sleep(20 * 86_400)
    return "rested"


# --- steps and sleeps -----------------------------------------------------------------------------


def test_a_step_is_done_once_however_often_the_handler_begins():
    life = Life(two_steps).submit().wait(2 * DAY)

    assert life.done == ["first", "second"]
    assert life.begun == [1, 1]
    assert life.request.result == 42


def test_what_an_earlier_invocation_told_is_not_told_again():
    life = Life(two_steps).submit().wait(2 * DAY)

    told = [message["message"] for message in life.messages if message["type"] == "progress"]
    assert told == ["first", "asleep", "awake"]
    assert [message["seq"] for message in life.messages] == [0, 1, 2, 3, 4]


def test_a_sleeping_request_writes_nothing_and_is_looked_at_twice_a_day():
    life = Life(sleeps).submit().wait(HOUR)
    before = len(life.api.observed.calls)
    life.wait(10 * DAY)

    assert len(life.api.observed.calls) - before <= 21 * 3  # read, ask Lambda, hide the message
    assert life.api.observed.calls[before:].count("UpdateItem") == 0


def test_a_request_outlives_every_watch_message():
    life = Life(sleeps, timeout=366 * 86_400).submit()
    life.wait(21 * DAY)

    assert life.api.observed.counts["SendMessage"] == 1  # after 13 days
    assert life.request.state is State.SUCCEEDED


def test_a_handler_that_goes_another_way_fails_by_name():
    way = iter(["one", "another"])

    def strays(life: Life, progress: Progress, context: RequestContext) -> None:
        context.step(next(way), life.do("step"))
        context.sleep(60)

    life = Life(strays).submit().wait(HOUR)

    assert life.request.state is State.FAILED
    assert life.done == ["step"]


def test_a_step_inside_a_step_is_refused():
    def nests(life: Life, progress: Progress, context: RequestContext) -> None:
        context.step("outer", lambda: context.step("inner", life.do("inner")))

    life = Life(nests).submit().wait(HOUR)

    assert life.request.state is State.FAILED
    assert life.done == []


def test_an_exception_of_a_step_is_the_same_in_every_invocation():
    caught: list[str] = []

    def recovers(life: Life, progress: Progress, context: RequestContext) -> str:
        def fail() -> None:
            life.done.append("failed")
            raise FileNotFoundError(2, "no such file")

        try:
            context.step("fails", fail)
        except FileNotFoundError as error:
            caught.append(f"{error.errno} {error.strerror}")
        context.sleep(60)
        return "recovered"

    life = Life(recovers).submit().wait(HOUR)

    assert life.request.result == "recovered"
    assert life.done == ["failed"]
    assert caught == ["2 no such file"] * 2


def test_what_a_step_says_of_its_failure_reaches_the_client():
    def fails(life: Life, progress: Progress, context: RequestContext) -> None:
        def refuse() -> None:
            raise ActionFailed("no such month", details={"month": 13})

        context.step("check", refuse)

    life = Life(fails).submit().wait(HOUR)

    assert life.request.error is not None
    assert life.request.error["message"] == "no such month"
    assert life.request.error["details"] == {"month": 13}


def test_an_async_handler_takes_steps_too():
    app = AsyncApp()

    @app.action("job", mode="async", executor="durable")
    async def job(context: RequestContext) -> int:
        async def load() -> int:
            return 21

        half = context.step("load", load)
        context.sleep(60)
        return 2 * half

    assert TestClient(app).request("job")[-1]["result"] == 42


def test_a_chunk_is_put_out_once():
    def streams(life: Life, progress: Progress, context: RequestContext) -> None:
        progress.chunk("one")
        context.sleep(60)
        progress.chunk("two")
        context.step("step", life.do("step"))
        progress.chunk("three")

    life = Life(streams).submit().wait(HOUR)

    chunks = [message for message in life.messages if message["type"] == "chunk"]
    assert [chunk["data"] for chunk in chunks] == ["one", "two", "three"]
    assert [chunk["chunk_index"] for chunk in chunks] == [0, 1, 2]


# --- retries --------------------------------------------------------------------------------------


def test_the_next_attempt_is_an_execution_of_its_own():
    def fails_once(life: Life, progress: Progress, context: RequestContext) -> int:
        context.step("step", life.do(f"step {context.attempt}"))
        if context.attempt == 1:
            raise ConnectionError
        return context.attempt

    life = Life(fails_once, retry=Retry(delay=10)).submit().wait(HOUR)

    assert life.done == ["step 1", "step 2"]
    assert life.kinds == ["acknowledgment", "retrying", "complete"]
    assert [each["DurableExecutionName"] for each in life.executions] == [f"{KEY}-1", f"{KEY}-2"]
    assert life.request.ended_at is not None
    assert life.request.ended_at - START <= 15 * SECOND
    assert life.api.aws.messages("watch") == []


def test_an_execution_that_ended_without_a_word_is_followed_by_another_attempt():
    def is_stopped(life: Life, progress: Progress, context: RequestContext) -> str:
        if context.attempt == 1:
            context.sleep(86_400)
        return f"attempt {context.attempt}"

    life = Life(is_stopped).submit().wait(MINUTE)
    stop(life)
    life.wait(2 * DAY)

    assert life.request.result == "attempt 2"
    assert life.api.counted.counts[Metric.LEASES_LOST] == 1


def test_an_execution_that_ended_before_its_claim_is_followed_by_another_attempt():
    def counts(life: Life, progress: Progress, context: RequestContext) -> int:
        return context.attempt

    life = Life(counts).submit()
    life.api.dispatch()
    stop(life)
    life.wait(HOUR)

    assert life.request.result == 2
    assert life.begun == [2]


def stop(life: Life) -> None:
    from urllib.parse import quote

    arn = quote(life.executions[0]["DurableExecutionArn"], safe="")
    life.api.aws.rest("lambda", "POST", f"/2025-12-01/durable-executions/{arn}/stop")


def test_a_request_that_was_dispatched_twice_runs_once():
    life = Life(two_steps).submit()
    records = life.api.aws.stream_records("requests")
    for _ in range(3):
        life.api.dispatcher.dispatch(records)
    life.wait(2 * DAY)

    assert life.done == ["first", "second"]
    assert len(life.executions) == 1


def test_a_request_that_was_not_dispatched_is_started_by_its_watch():
    life = Life(two_steps).submit()
    (record,) = (each for each in life.api.aws.stream_records("requests") if "job" in str(each))
    life.api._streamed = 99  # noqa: SLF001
    del record["dynamodb"]["NewImage"]  # as with a stream of keys alone
    life.api.dispatcher.dispatch([record])
    life.wait(2 * DAY)

    assert life.request.state is State.SUCCEEDED


# --- questions ------------------------------------------------------------------------------------


def test_a_question_is_pushed_and_told_to_whoever_asks():
    life = Life(asks).submit().wait(HOUR)

    question = {
        "schema": {"enum": ["yes", "no"]},
        "prompt": "Ship it?",
        "input_id": "1-1",
    }
    assert (
        life.messages[-1].items() >= ({"type": "input_required", "attempt": 1} | question).items()
    )
    assert life.ask("get")["data"]["input"] == question
    assert life.ask("get")["data"]["state"] == "INPUT_REQUIRED"


def test_an_answer_leads_the_handler_on():
    life = Life(asks).submit().wait(HOUR)
    answer = life.ask("input", value="yes", input_id="1-1")
    life.wait(MINUTE)

    assert answer["data"] == {"request_id": "r1", "state": "RUNNING"}
    assert life.request.result == "yes"
    assert life.done == ["before", "after"]
    assert life.request.answer is None


def test_an_answer_that_does_not_fit_is_refused_with_what_is_wrong():
    life = Life(asks).submit().wait(HOUR)
    error = life.ask("input", value="maybe")["error"]

    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"] == [{"path": "", "message": "must be one of yes, no"}]
    assert life.request.state is State.INPUT_REQUIRED


@pytest.mark.parametrize("pause", [0, MINUTE])
def test_the_same_answer_twice_is_one(pause: int):
    life = Life(asks).submit().wait(HOUR)
    answers = [life.ask("input", value="yes", input_id="1-1")]
    life.wait(pause)
    answers.append(life.ask("input", value="yes"))
    life.wait(MINUTE)

    assert [answer["success"] for answer in answers] == [True, True]
    assert life.request.result == "yes"


def test_another_answer_comes_too_late():
    life = Life(asks).submit().wait(HOUR)
    life.ask("input", value="yes")

    assert life.ask("input", value="no")["error"]["code"] == "CONFLICT"


@pytest.mark.parametrize("input_id", ["1-2", "0-1"])
def test_an_answer_to_another_question_is_refused(input_id: str):
    life = Life(asks).submit().wait(HOUR)

    assert life.ask("input", value="yes", input_id=input_id)["error"]["code"] == "CONFLICT"


def test_a_request_that_asks_nothing_takes_no_input():
    life = Life(sleeps).submit().wait(HOUR)

    assert life.ask("input", value=1)["error"]["code"] == "CONFLICT"


def test_an_input_needs_a_value():
    life = Life(asks).submit().wait(HOUR)

    assert life.ask("input")["error"]["code"] == "VALIDATION_ERROR"


def test_questions_follow_one_another():
    def interviews(life: Life, progress: Progress, context: RequestContext) -> Any:
        return [progress.ask(int), progress.ask(dict[str, int]), progress.ask()]

    life = Life(interviews).submit().wait(MINUTE)
    for value in (7, {"a": 1}, [None]):
        assert life.ask("input", value=value)["success"] is True
        life.wait(MINUTE)

    assert life.request.result == [7, {"a": 1}, [None]]
    assert life.kinds.count("input_required") == 3


def test_nobody_who_answers_is_an_exception_in_the_handler():
    def gives_up(life: Life, progress: Progress, context: RequestContext) -> str:
        try:
            return progress.ask(bool, timeout=3_600)
        except InputTimeout:
            context.sleep(60)  # and so it is in the next invocation
            return "nobody"

    life = Life(gives_up).submit().wait(2 * HOUR)

    assert life.request.result == "nobody"
    assert life.ask("input", value=True)["error"]["code"] == "CONFLICT"


def test_nobody_who_answers_fails_a_handler_that_does_not_mind():
    life = Life(asks).submit().wait(4 * DAY)

    assert life.request.state is State.FAILED
    assert life.request.error == {
        "code": "TIMEOUT",
        "message": "nobody answered in time",
        "retryable": False,
    }


def test_an_answer_that_only_the_type_refuses_is_asked_for_again():
    def even(value: Any) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value

    def wants_even(life: Life, progress: Progress, context: RequestContext) -> int:
        return progress.ask(even, prompt="An even number?")

    life = Life(wants_even).submit().wait(MINUTE)
    life.ask("input", value=3)
    life.wait(MINUTE)
    again = life.messages[-1]
    life.ask("input", value=4)
    life.wait(MINUTE)

    assert again["input_id"] == "1-2"
    assert "must be even" in again["prompt"]
    assert life.request.result == 4


def test_a_worker_cannot_ask_and_says_what_to_do():
    app = AsyncApp()
    caught: list[str] = []

    @app.action("job", mode="async")
    def job(progress: Progress) -> None:
        try:
            progress.ask(bool)
        except RuntimeError as error:
            caught.append(str(error))

    TestClient(app).request("job")

    assert 'executor="durable"' in caught[0]


def test_a_worker_takes_the_same_steps():
    app = AsyncApp()

    @app.action("job", mode="async")
    def job(context: RequestContext) -> int:
        value = context.step("load", lambda: 42)
        context.sleep(1)
        return value

    assert TestClient(app).request("job")[-1]["result"] == 42


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [sleeps, asks])
def test_what_waits_is_cancelled_at_once_and_its_execution_stopped(body: Any):
    life = Life(body).submit().wait(HOUR)
    answer = life.ask("cancel", reason="enough")

    assert answer["data"]["state"] == "CANCELLED"
    assert life.kinds[-1] == "cancelled"
    assert life.executions[0]["Status"] == "STOPPED"
    life.wait(30 * DAY)
    assert life.begun == [1]


def test_an_execution_that_could_not_be_stopped_changes_nothing_when_it_wakes():
    life = Life(sleeps).submit().wait(HOUR)
    life.api.observed.on("POST", request_lost)
    life.ask("cancel")
    life.api.watch = life.forget_watches  # nor does the watcher stop it
    life.wait(30 * DAY)

    assert life.request.state is State.CANCELLED
    assert life.begun == [1]


def test_a_handler_at_work_hears_of_a_cancel():
    def works(life: Life, progress: Progress, context: RequestContext) -> None:
        life.ask("cancel")
        progress.check()

    life = Life(works).submit().wait(HOUR)

    assert life.request.state is State.CANCELLED


@pytest.mark.parametrize("wait", ["sleep", "ask"])
def test_a_handler_that_was_cancelled_does_not_go_to_wait(wait: str):
    def waits(life: Life, progress: Progress, context: RequestContext) -> None:
        life.ask("cancel")
        progress.ask(bool) if wait == "ask" else context.sleep(86_400)

    life = Life(waits).submit().wait(MINUTE)

    assert life.request.state is State.CANCELLED
    assert life.executions[0]["Status"] == "SUCCEEDED"


def test_steps_of_a_clean_up_are_not_recorded_and_still_done():
    def cleans(life: Life, progress: Progress, context: RequestContext) -> None:
        life.ask("cancel")
        try:
            progress.check()
        finally:
            context.step("clean up", life.do("clean up"))

    life = Life(cleans).submit().wait(HOUR)

    assert life.done == ["clean up"]
    assert life.request.state is State.CANCELLED


@pytest.mark.parametrize("body", [sleeps, asks])
def test_the_deadline_ends_what_waits(body: Any):
    life = Life(body, timeout=86_400).submit().wait(2 * DAY)

    assert life.request.error is not None
    assert life.request.error["code"] == "TIMEOUT"
    assert life.request.ended_at is not None
    assert life.request.ended_at - START <= DAY + MINUTE
    assert life.executions[0]["Status"] == "STOPPED"


def test_the_percentage_of_a_repeated_step_does_not_go_back():
    crashes = iter([True, False])

    def works(life: Life, progress: Progress, context: RequestContext) -> None:
        def work() -> None:
            progress.report(10)
            if next(crashes):
                progress.report(80)
                raise Killed
            progress.report(90)

        context.step("work", work)

    life = Life(works).submit().wait(HOUR)

    told = [each["percentage"] for each in life.messages if each["type"] == "progress"]
    assert told == [10, 80, 80, 90]
    assert life.request.state is State.SUCCEEDED
