"""The same lives by AWS's own SDK: over the executions in memory, and in its own test runner."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from aws_durable_execution_sdk_python.exceptions import InvocationError
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from cdk_streamer_runtime import Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.durable.sdk import durable_handler
from cdk_streamer_runtime.errors import InputTimeout
from tests.runtime.durable.lives import DAY, HOUR, KEY, MINUTE, Life
from tests.runtime.observed_aws import request_lost


class LambdaClient:
    """What the SDK calls of boto3, answered by the executions in memory."""

    def __init__(self, aws: Any) -> None:
        self._aws = aws

    def checkpoint_durable_execution(self, **parameters: Any) -> dict[str, Any]:
        arn = quote(parameters.pop("DurableExecutionArn"), safe="")
        path = f"/2025-12-01/durable-executions/{arn}/checkpoint"
        body = json.dumps(parameters).encode()
        answer = json.loads(self._aws.rest("lambda", "POST", path, body=body))
        for operation in answer["NewExecutionState"]["Operations"]:
            if due := operation.get("WaitDetails", {}).get("ScheduledEndTimestamp"):
                moment = datetime.fromtimestamp(due / 1000, tz=UTC)
                operation["WaitDetails"]["ScheduledEndTimestamp"] = moment
        return answer


class Context:
    aws_request_id = "request"
    function_name = "durable"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:durable:live"
    function_version = "1"
    tenant_id = None

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class SdkFunction:
    """The durable function of a life, run by the SDK."""

    def __init__(self, life: Life) -> None:
        self._executions = life.api.aws.executions
        worker = life.api.durable._worker  # noqa: SLF001
        self._handler = durable_handler(worker.run, LambdaClient(life.api.observed))

    def execute(self) -> bool:
        event = self._executions.take()
        if event is None:
            return False
        end = "RETRY"
        try:
            end = self._handler(event, Context())["Status"]
        finally:
            self._executions.finish(event["DurableExecutionArn"], end)
        return True


class SdkLife(Life):
    """A life whose steps are the SDK's."""

    def __init__(self, body: Any, **options: Any) -> None:
        super().__init__(body, **options)
        self.api.durable = SdkFunction(self)  # pyright: ignore[reportAttributeAccessIssue]


def travels(life: Life, progress: Progress, context: RequestContext) -> Any:
    progress.report(10, "begun")
    first = context.step("first", life.do("first", 40))
    progress.report(20, "booked")
    context.sleep(3_600)
    progress.report(50, "awake")
    extra = progress.ask(int, prompt="How many?", timeout=86_400)
    progress.report(80, "answered")
    return first + extra + context.step("second", life.do("second", 1))


def test_steps_sleeps_and_questions_go_on_over_invocations():
    life = SdkLife(travels).submit().wait(2 * HOUR)
    assert life.request.state is State.INPUT_REQUIRED
    refused = life.ask("input", value="two")
    life.ask("input", value=1)
    life.wait(MINUTE)

    assert refused["error"]["code"] == "VALIDATION_ERROR"
    assert life.request.result == 42
    assert life.done == ["first", "second"]
    assert life.begun == [1, 1, 1]
    told = [each["message"] for each in life.messages if each["type"] == "progress"]
    assert told == ["begun", "booked", "awake", "answered"]
    assert [each["Status"] for each in life.executions] == ["SUCCEEDED"]


def test_a_question_times_out():
    def gives_up(life: Life, progress: Progress, context: RequestContext) -> str:
        try:
            progress.ask(bool, timeout=60)
        except InputTimeout:
            context.sleep(60)
            return "nobody"
        return "somebody"

    life = SdkLife(gives_up).submit().wait(HOUR)

    assert life.request.result == "nobody"


def test_an_exception_of_a_step_is_not_tried_again_by_the_sdk():
    def fails(life: Life, progress: Progress, context: RequestContext) -> None:
        def fail() -> None:
            life.done.append("failed")
            raise LookupError("gone")

        context.sleep(60)
        context.step("fails", fail)

    life = SdkLife(fails, retry=Retry(max_attempts=2, delay=1, on=(LookupError,))).submit()
    life.wait(HOUR)

    assert life.done == ["failed", "failed"]  # once an attempt
    assert life.request.state is State.FAILED
    assert [each["Status"] for each in life.executions] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_handler_that_goes_another_way_fails():
    way = iter(["one", "another"])

    def strays(life: Life, progress: Progress, context: RequestContext) -> None:
        context.step(next(way), life.do("step"))
        context.sleep(60)

    life = SdkLife(strays, retry=Retry(max_attempts=1)).submit().wait(DAY)

    assert life.request.state is State.FAILED
    assert life.done == ["step"]


def test_a_table_out_of_reach_repeats_the_invocation():
    life = SdkLife(travels).submit()
    life.api.dispatch()
    life.api.observed.on("UpdateItem", request_lost)
    with pytest.raises(InvocationError):
        life.api.execute()
    life.wait(2 * HOUR)

    assert life.request.state is State.INPUT_REQUIRED
    assert life.done == ["first"]


def test_the_test_runner_of_the_sdk_runs_the_durable_function():
    life = Life(travels).submit()
    worker = life.api.durable._worker  # noqa: SLF001
    start = json.dumps({"attempt": 1, "key": KEY})
    with DurableFunctionTestRunner(durable_handler(worker.run), poll_interval=0.05) as runner:
        arn = runner.run_async(input=start, execution_name=f"{KEY}-1")
        callback = runner.wait_for_callback(arn, name="ask-1", timeout=20)
        asked = life.request
        runner.send_callback_success(callback, b"1")
        result = runner.wait_for_result(arn)
    runner._scheduler._loop.close()  # noqa: SLF001 - it forgets to
    assert asked.state is State.INPUT_REQUIRED
    assert asked.execution == arn
    assert result.status.value == "SUCCEEDED"
    assert life.request.result == 42
    assert life.done == ["first", "second"]
