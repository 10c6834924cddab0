"""What the watcher does about durable requests where nothing else can help."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime import Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.durable.executions import Executions, Status
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, Conflict
from cdk_streamer_runtime.memory.platform import START
from tests.runtime.durable.lives import DAY, HOUR, MINUTE, SECOND, Life
from tests.runtime.observed_aws import refused_by, request_lost


def sleeps(life: Life, progress: Progress, context: RequestContext) -> None:
    context.sleep(20 * 86_400)


def asks(life: Life, progress: Progress, context: RequestContext) -> Any:
    return progress.ask(int)


def test_an_answer_that_was_not_sent_is_sent_by_the_watcher():
    life = Life(asks).submit().wait(HOUR)
    life.api.observed.on("POST", request_lost)
    life.ask("input", value=7)
    life.wait(16 * MINUTE)

    assert life.request.result == 7


def test_an_answer_that_is_given_again_is_sent_again():
    life = Life(asks).submit().wait(HOUR)
    life.api.observed.on("POST", request_lost)
    life.ask("input", value=7)
    life.ask("input", value=7)
    life.wait(SECOND)

    assert life.request.result == 7


def test_an_answer_after_the_time_of_its_question_is_refused():
    life = Life(asks).submit().wait(HOUR)
    late = aws_error("CallbackTimeoutException", "", 400, "lambda")
    life.api.observed.on("POST", refused_by(late))

    assert life.ask("input", value=7)["error"]["code"] == "CONFLICT"


def test_a_request_that_cannot_be_started_expires():
    life = Life(sleeps, expires=600)
    life.api.durable.execute = lambda: False  # type: ignore[method-assign]
    life.api.aws.executions.next_due = lambda: None  # type: ignore[method-assign]
    life.submit().wait(HOUR)

    assert life.request.state is State.EXPIRED
    assert life.request.ended_at is not None
    assert life.request.ended_at - START <= 620 * SECOND


def test_a_handler_that_sleeps_through_its_cancel_is_stopped():
    life = Life(sleeps)
    life.submit()
    life.api.dispatch()
    run = life.api.durable.execute
    lease = "cdk_streamer_runtime.durable.lease.DurableLease.rest"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease, unreachable)  # so that nobody knows that it sleeps
        run()
    assert life.ask("cancel")["data"]["state"] == "CANCELLING"
    life.wait(HOUR)

    assert life.request.state is State.CANCELLED
    assert life.executions[0]["Status"] == "STOPPED"


def unreachable(*_arguments: object) -> None:
    raise AwsError("Unreachable", "", 0, "any")


def test_an_execution_whose_own_time_was_over_is_a_timeout():
    life = Life(sleeps, timeout=86_400).submit().wait(DAY - HOUR)
    (execution,) = life.api.aws.executions._executions.values()  # noqa: SLF001
    execution.status = "TIMED_OUT"
    life.wait(DAY)

    assert life.request.error is not None
    assert life.request.error["code"] == "TIMEOUT"
    assert len(life.begun) == 1


def test_executions_that_all_end_without_a_word_fail_the_request():
    life = Life(sleeps, retry=Retry(max_attempts=2, on=())).submit().wait(MINUTE)
    for _ in range(2):
        for execution in life.executions:
            Executions(life.api.aws).stop(execution["DurableExecutionArn"])
        life.wait(2 * DAY)

    assert life.request.error is not None
    assert life.request.error["message"] == "the worker stopped in each of 2 attempts"


# --- what Lambda answers --------------------------------------------------------------------------


class Answering:
    """An `aws.Aws` that refuses all."""

    def __init__(self, code: str, status: int) -> None:
        self._error = aws_error(code, "", status, "lambda")

    def rest(self, *_arguments: object, **_options: object) -> bytes:
        raise self._error


def refusing(code: str, status: int = 400) -> Executions:
    aws: Any = Answering(code, status)
    return Executions(aws, "arn:aws:lambda:eu-central-1:123456789012:function:f:live")


def test_an_execution_that_was_started_is_started():
    refusing("DurableExecutionAlreadyStartedException", 409).start("key", 1)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "InvalidParameterValueException"])
def test_what_is_over_is_answered_and_stopped(code: str):
    refusing(code).answer("id", "1")
    refusing(code).stop("arn")


def test_an_execution_that_is_not_kept_any_more_is_gone():
    assert refusing("ResourceNotFoundException", 404).status("arn") is Status.GONE


def test_a_late_answer_is_a_conflict():
    with pytest.raises(Conflict):
        refusing("CallbackTimeoutException").answer("id", "1")


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException"])
def test_what_may_pass_is_told(code: str):
    for ask in (
        lambda: refusing(code).start("key", 1),
        lambda: refusing(code).status("arn"),
        lambda: refusing(code).answer("id", "1"),
    ):
        with pytest.raises(AwsError):
            ask()


def test_a_status_of_which_we_know_nothing_goes_on():
    assert Status.of("PAUSING") is Status.RUNNING


def test_without_a_durable_function_nothing_is_started():
    aws: Any = Answering("any", 400)
    with pytest.raises(ValueError, match="give the construct durable="):
        Executions(aws).start("key", 1)
