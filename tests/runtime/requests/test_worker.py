"""One attempt, from its message to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cdk_streamer_runtime import (
    ActionFailed,
    AsyncApp,
    Cancelled,
    ErrorCode,
    Fatal,
    Progress,
    RequestContext,
    Retry,
    Retryable,
)
from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.errors import AwsError, DeadlineExceeded, Unreachable
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import BUCKET
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.worker import CLOSING_TIME
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import after, answer_lost, refused_by, repeated, undisturbed
from tests.runtime.wire import faults

KEY = request_key("acme", "ann", "r1")
UNREACHABLE = Unreachable("Timeout", "", 0, "any")


class Stage:
    """An API with one async action, and one request of it."""

    def __init__(
        self, handler: Callable[..., Any], *, bucket: str | None = BUCKET, **options: Any
    ) -> None:
        self.app = AsyncApp()
        self.app.action("job", mode="async", **options)(handler)
        self.api = ObservedApi(self.app, bucket=bucket)
        self.ann = self.api.connect(ANN)

    def submit(self, payload: object = None, **frame: Any) -> Stage:
        self.api.hear(self.ann, {"action": "job", "id": "r1", "payload": payload, **frame})
        self.api.dispatch()
        return self

    def run(self) -> Request:
        self.api.work()
        return self.request

    def handle(self, attempt: int = 1, remaining: int = 900_000) -> bool:
        return self.api.worker.handle(WorkMessage(key=KEY, attempt=attempt), lambda: remaining)

    def cancel(self, reason: str = "enough") -> None:
        payload = {"request_id": "r1", "reason": reason}
        self.api.hear(self.api.connect(ANN), {"action": "cancel", "payload": payload})

    @property
    def request(self) -> Request:
        return self.api.stored(ANN, "r1")

    @property
    def told(self) -> list[dict[str, Any]]:
        messages = self.api.messages(self.ann)
        assert [fault for message in messages for fault in faults(message)] == []
        return messages

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.told]


def echo(payload: Any) -> Any:
    return payload


# --- success --------------------------------------------------------------------------------------


def test_what_the_handler_returns_is_the_result():
    stage = Stage(echo).submit({"a": [1]})

    assert stage.run().result == {"a": [1]}
    assert stage.request.state is State.SUCCEEDED
    assert stage.told[-1]["result"] == {"a": [1]}


def test_a_coroutine_is_run_to_its_end():
    async def handler(payload: Any, progress: Progress) -> Any:
        await asyncio.sleep(0)
        progress.report(50)
        return payload

    stage = Stage(handler).submit(5)
    stage.run()

    assert stage.kinds == ["acknowledgment", "progress", "complete"]


def test_the_handler_knows_its_request():
    def handler(payload: Any, context: RequestContext) -> dict[str, Any]:
        return {
            "request_id": context.request_id,
            "action": context.action,
            "caller": [context.tenant, context.owner],
            "attempt": context.attempt,
            "token": context.fencing_token,
            "key": context.idempotency_key,
            "deadline": context.deadline,
            "metadata": dict(context.metadata),
        }

    stage = Stage(handler, timeout=60).submit(metadata={"screen": "a"})

    assert stage.run().result == {
        "request_id": "r1",
        "action": "job",
        "caller": ["acme", "ann"],
        "attempt": 1,
        "token": 1,
        "key": KEY,
        "deadline": START + 60_000,
        "metadata": {"screen": "a"},
    }


def test_every_report_is_told_in_its_order_and_the_end_last():
    def handler(payload: Any, progress: Progress) -> None:
        for number in range(5):
            progress.report(20 * number)

    stage = Stage(handler).submit()
    stage.run()

    assert [message["seq"] for message in stage.told] == [0, 1, 2, 3, 4, 5, 6]
    assert stage.kinds[-1] == "complete"


def test_the_time_in_the_queue_is_measured():
    stage = Stage(echo).submit()
    stage.api.platform.advance(1_500)
    stage.run()

    assert stage.api.counted.durations == {Metric.QUEUE_AGE: [1_500]}


def test_an_end_is_counted_by_its_state():
    stage = Stage(echo).submit()
    stage.run()

    assert stage.api.counted.counts[Metric.REQUESTS_SUCCEEDED] == 1


def test_the_trace_of_the_request_goes_with_its_posts_and_messages():
    stage = Stage(echo)
    frame = '{"action":"job","id":"r1"}'
    stage.api.conversation.hear(stage.ann, frame, "Root=1-2-3")
    stage.api.dispatch()

    assert stage.request.trace == "Root=1-2-3"
    received = stage.api.aws.call(
        "sqs", "ReceiveMessage", {"QueueUrl": stage.api.aws.queue_url("work")}
    )
    assert received["Messages"][0]["Attributes"]["AWSTraceHeader"] == "Root=1-2-3"


# --- failure --------------------------------------------------------------------------------------


def failing(error: BaseException) -> Callable[[Any], None]:
    def handler(payload: Any) -> None:
        raise error

    return handler


def test_an_exception_is_the_failure():
    stage = Stage(failing(OSError("the ledger is on fire"))).submit()

    assert stage.run().state is State.FAILED
    assert stage.told[-1]["error"] == {
        "code": "PROCESSING_FAILED",
        "message": "the action failed",
        "retryable": False,
    }
    assert stage.api.counted.counts[Metric.REQUESTS_FAILED] == 1


def test_the_author_chooses_what_is_told():
    error = ActionFailed("too much", code=ErrorCode.VALIDATION_ERROR, details={"limit": 100})
    stage = Stage(failing(error)).submit()

    assert stage.run().error == {
        "code": "VALIDATION_ERROR",
        "message": "too much",
        "retryable": False,
        "details": {"limit": 100},
    }


@pytest.mark.parametrize(
    "error",
    [
        ActionFailed("no", details={"names": {"a", "set"}}),
        ActionFailed("no", details={"text": "a" * 500_000}),
        ActionFailed("n" * 500_000),
        ActionFailed(ValueError("no")),  # type: ignore[arg-type]
    ],
    ids=["set", "large details", "large text", "exception"],
)
def test_whatever_an_author_says_the_attempt_ends(error: ActionFailed):
    stage = Stage(failing(error)).submit()

    assert stage.run().state is State.FAILED
    assert stage.kinds == ["acknowledgment", "error"]


@pytest.mark.parametrize("result", [{"a", "set"}, float("nan"), object()], ids=repr)
def test_a_result_that_is_not_json_is_a_failure(result: object):
    stage = Stage(lambda: result).submit()

    error = stage.run().error
    assert error is not None
    assert error["code"] == "PROCESSING_FAILED"


def test_a_result_that_is_too_large_is_a_failure():
    stage = Stage(lambda: "a" * 200_000, bucket=None).submit()

    error = stage.run().error
    assert error is not None
    assert error["code"] == "PAYLOAD_TOO_LARGE"


def test_a_handler_that_wants_to_exit_has_failed():
    stage = Stage(failing(SystemExit(1))).submit()

    assert stage.run().state is State.FAILED


def test_an_action_that_is_no_more_is_a_failure():
    stage = Stage(echo).submit()
    stage.app._actions.clear()  # noqa: SLF001

    error = stage.run().error
    assert error is not None
    assert error["code"] == "INVALID_ACTION"


def test_an_action_whose_input_has_changed_is_a_failure():
    def handler(payload: Any) -> None:
        raise AssertionError

    stage = Stage(echo).submit({"a": 1})
    stage.app._actions.clear()  # noqa: SLF001
    stage.app.action("job", mode="async", input=dict[str, str])(handler)

    error = stage.run().error
    assert error is not None
    assert error["code"] == "VALIDATION_ERROR"


# --- retries --------------------------------------------------------------------------------------

POLICY = Retry(max_attempts=3, delay=2)


def test_a_failed_attempt_is_followed_by_another_one():
    stage = Stage(failing(OSError()), retry=POLICY).submit()
    waiting = stage.run()

    assert (waiting.state, waiting.attempt) == (State.RETRY_WAIT, 2)
    assert stage.kinds == ["acknowledgment", "retrying"]
    assert stage.told[-1]["attempt"] == 2
    assert stage.told[-1]["next_at"] == "2023-11-14T22:13:21.000Z"  # half of 2 s
    assert stage.api.counted.counts[Metric.REQUESTS_RETRIED] == 1


def test_the_next_attempt_waits_in_the_queue_and_not_in_a_function():
    stage = Stage(failing(OSError()), retry=POLICY).submit()
    stage.run()

    assert stage.api.aws.next_visible_at("work") == START + 1_000


def test_attempts_are_counted_and_the_last_one_is_final():
    tokens: list[int] = []

    def handler(payload: Any, context: RequestContext) -> None:
        tokens.append(context.fencing_token)
        raise OSError

    stage = Stage(handler, retry=POLICY).submit()
    stage.api.wait(600_000)

    assert tokens == [1, 2, 3]
    assert stage.kinds == ["acknowledgment", "retrying", "retrying", "error"]
    assert stage.request.state is State.FAILED


def test_the_key_is_the_same_for_every_attempt():
    keys: list[str] = []

    def handler(payload: Any, context: RequestContext) -> None:
        keys.append(context.idempotency_key)
        raise OSError

    Stage(handler, retry=POLICY).submit().api.wait(600_000)

    assert keys == [KEY] * 3


def test_a_later_attempt_may_succeed():
    def handler(payload: Any, progress: Progress, context: RequestContext) -> int:
        progress.report(90 if context.attempt == 1 else 10)
        if context.attempt == 1:
            raise OSError
        return context.attempt

    stage = Stage(handler, retry=POLICY).submit()
    stage.api.wait(600_000)

    assert stage.request.result == 2
    percentages = [m["percentage"] for m in stage.told if m["type"] == "progress"]
    assert percentages == [90, 10]  # it never goes back within an attempt
    assert [message["seq"] for message in stage.told] == [0, 1, 2, 3, 4]


def test_a_handler_may_name_its_own_wait():
    stage = Stage(failing(Retryable("busy", after=30))).submit()
    stage.run()

    assert stage.told[-1]["next_at"] == "2023-11-14T22:13:50.000Z"


def test_a_handler_may_forbid_another_attempt():
    stage = Stage(failing(Fatal("no use")), retry=POLICY).submit()

    assert stage.run().state is State.FAILED


# --- cancelling -----------------------------------------------------------------------------------


def test_a_running_handler_is_stopped_at_its_next_report():
    reached: list[int] = []

    def handler(payload: Any, progress: Progress) -> None:
        for number in range(10):
            reached.append(number)
            progress.report(number)
            if number == 2:
                stage.cancel("wrong month")

    stage = Stage(handler).submit()

    assert stage.run().state is State.CANCELLED
    assert reached == [0, 1, 2, 3]
    assert stage.told[-1]["reason"] == "wrong month"
    assert stage.api.counted.counts[Metric.REQUESTS_CANCELLED] == 1


def test_a_running_handler_is_stopped_when_it_only_checks():
    def handler(payload: Any, progress: Progress) -> None:
        stage.cancel("wrong month")
        with pytest.raises(Cancelled, match="wrong month"):
            progress.check()
        progress.check()

    stage = Stage(handler).submit()

    assert stage.run().state is State.CANCELLED


def test_work_that_was_done_all_the_same_is_done():
    def handler(payload: Any) -> str:
        stage.cancel()
        return "done"

    stage = Stage(handler).submit()

    assert (stage.run().state, stage.request.result) == (State.SUCCEEDED, "done")
    assert stage.kinds == ["acknowledgment", "complete"]


@pytest.mark.parametrize("retry", [None, Retry()])
def test_a_failure_after_the_wish_to_cancel_is_the_end(retry: Retry | None):
    def handler(payload: Any) -> None:
        stage.cancel()
        raise OSError

    stage = Stage(handler, retry=retry).submit()

    assert stage.run().state is State.CANCELLED
    assert stage.kinds == ["acknowledgment", "cancelled"]


def test_the_wish_to_cancel_may_come_while_the_end_is_written():
    stage = Stage(echo).submit("done")
    stage.api.observed.on("UpdateItem", undisturbed, after(stage.cancel))

    assert stage.run().state is State.SUCCEEDED
    assert stage.kinds == ["acknowledgment", "complete"]


def test_who_is_cancelled_may_clean_up():
    cleaned: list[str] = []

    def handler(payload: Any, progress: Progress) -> None:
        stage.cancel()
        try:
            progress.check()
        finally:
            cleaned.append("up")

    stage = Stage(handler).submit()
    stage.run()

    assert cleaned == ["up"]


# --- deadlines ------------------------------------------------------------------------------------


def test_an_action_that_takes_too_long_times_out():
    def handler(payload: Any, progress: Progress) -> None:
        stage.api.platform.advance(60_000)
        progress.report(99)

    stage = Stage(handler, timeout=60).submit()

    assert stage.run().state is State.FAILED
    assert stage.told[-1]["error"]["code"] == "TIMEOUT"
    assert stage.told[-1]["error"]["retryable"] is True


def test_near_the_functions_own_end_there_is_time_to_tell():
    def handler(payload: Any, context: RequestContext) -> int:
        return context.deadline

    stage = Stage(handler, timeout=600).submit()
    stage.handle(remaining=20_000)

    assert stage.request.result == START + 20_000 - CLOSING_TIME


def test_a_deadline_that_the_handler_lets_rise_may_be_tried_again():
    def handler(payload: Any, progress: Progress) -> None:
        stage.api.platform.advance(60_000)
        progress.check()

    stage = Stage(handler, timeout=60, retry=Retry(on=(DeadlineExceeded,))).submit()

    assert stage.run().state is State.RETRY_WAIT


# --- who may run ----------------------------------------------------------------------------------


def test_a_message_that_comes_twice_runs_once():
    runs: list[int] = []

    def handler(payload: Any) -> None:
        runs.append(1)

    stage = Stage(handler).submit()

    assert [stage.handle(), stage.handle()] == [True, True]
    assert runs == [1]


def test_a_message_whose_attempt_is_running_stays():
    answers: list[bool] = []

    def handler(payload: Any) -> None:
        answers.append(stage.handle())

    stage = Stage(handler).submit()
    stage.run()

    assert answers == [False]


def test_a_message_of_an_earlier_attempt_has_done_its_duty():
    stage = Stage(failing(OSError()), retry=POLICY).submit()
    stage.run()

    assert stage.handle(attempt=1)
    assert stage.request.attempt == 2


def test_a_message_of_what_is_gone_has_done_its_duty():
    assert Stage(echo).handle()


def test_a_message_that_waited_too_long_ends_its_request():
    stage = Stage(echo, expires=60).submit()
    stage.api.platform.advance(60_000)

    assert stage.handle()
    assert stage.request.state is State.EXPIRED
    assert stage.told[-1]["error"]["code"] == "TIMEOUT"


def test_a_message_of_an_attempt_whose_lease_has_passed_starts_it_over():
    stage = Stage(echo).submit()
    stage.api.observed.kill_after = {len(stage.api.observed.calls)}  # the claim
    stage.api.work()
    stage.api.platform.advance(65_000)

    assert stage.handle()
    assert (stage.request.state, stage.request.attempt) == (State.RETRY_WAIT, 2)


def test_who_was_given_up_changes_nothing():
    def handler(payload: Any, context: RequestContext) -> str:
        if context.attempt == 1:
            stage.api.platform.advance(70_000)  # longer than the lease, without a sign of life
            stage.api.watch()
            stage.api.work()
        return f"attempt {context.attempt}"

    stage = Stage(handler).submit()
    stage.run()

    assert stage.request.result == "attempt 2"
    assert stage.kinds == ["acknowledgment", "retrying", "complete"]
    assert stage.api.counted.counts[Metric.LEASES_LOST] == 2  # seen by the watcher, then by itself


def test_who_was_given_up_is_told_at_its_next_report():
    reached: list[str] = []

    def handler(payload: Any, progress: Progress, context: RequestContext) -> None:
        if context.attempt == 1:
            stage.api.platform.advance(70_000)
            stage.api.watch()
            progress.report(1)
            reached.append("beyond")

    stage = Stage(handler).submit()
    stage.run()

    assert reached == []
    assert stage.request.state is State.RETRY_WAIT


# --- lost answers ---------------------------------------------------------------------------------


def test_an_end_whose_answer_got_lost_is_told_once():
    stage = Stage(echo).submit()
    stage.api.observed.on("UpdateItem", repeated, repeated)
    stage.run()

    assert stage.kinds == ["acknowledgment", "complete"]


def test_an_end_that_was_written_unheard_is_final():
    stage = Stage(echo).submit("done")
    stage.api.observed.on("UpdateItem", undisturbed, answer_lost)
    with pytest.raises(Unreachable):
        stage.api.work()
    stage.api.wait(3_600_000)

    assert stage.request.result == "done"
    assert stage.api.aws.messages("work") == []


def test_a_claim_that_was_written_unheard_is_made_good():
    stage = Stage(echo).submit("done")
    stage.api.observed.on("UpdateItem", answer_lost)
    with pytest.raises(Unreachable):
        stage.api.work()
    stage.api.wait(3_600_000)

    assert (stage.request.result, stage.request.attempt) == ("done", 2)


@pytest.mark.parametrize("operation", ["UpdateItem", "GetItem"])
def test_a_table_out_of_reach_fails_no_request(operation: str):
    stage = Stage(echo).submit("done")
    stage.api.observed.on(operation, refused_by(UNREACHABLE))
    with pytest.raises(Unreachable):
        stage.api.work()
    stage.api.wait(3_600_000)

    assert stage.request.result == "done"


def test_a_report_that_could_not_be_posted_fails_no_request():
    def handler(payload: Any, progress: Progress) -> str:
        progress.report(50)
        return "done"

    stage = Stage(handler).submit()
    error = AwsError("InternalServerErrorException", "", 500, "POST")
    stage.api.observed.on("POST", *[refused_by(error)] * 2)

    assert stage.run().result == "done"


# --- subscribers ----------------------------------------------------------------------------------


def test_a_subscriber_that_is_gone_is_forgotten_while_the_work_goes_on():
    def handler(payload: Any, progress: Progress) -> None:
        for number in range(4):
            progress.report(number)
            stage.api.platform.advance(5_000)

    stage = Stage(handler).submit()
    stage.api.aws.connections.close(stage.ann.id)
    stage.run()

    posts = stage.api.observed.counts["POST"] - 1  # but for the acknowledgment
    assert posts == 2
    assert stage.request.subscribers == {}


def test_a_subscriber_whose_token_ends_hears_no_more():
    caller_end = START // 1000 + 10

    def handler(payload: Any, progress: Progress) -> None:
        progress.report(1)
        stage.api.platform.advance(10_000)
        progress.report(2)

    stage = Stage(handler)
    stage.ann = Connection(
        id=stage.ann.id,
        caller=type(ANN)(tenant="acme", owner="ann", expires=caller_end),
        connected_at=START,
    )
    stage.submit()
    stage.run()

    assert stage.kinds == ["acknowledgment", "progress"]
    assert stage.request.state is State.SUCCEEDED
