"""Durable actions: steps that outlive crashes, sleeps without a worker, and questions."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from cdk_streamer_client import InputRequired, StreamerClient, SyncStreamerClient, TimedOut
from cdk_streamer_local.events import Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.end_to_end.wire import PATIENCE

FUNCTION = "Api/Durable"
RECOVERY = 2 * PATIENCE  # seconds until a crash is noticed and made good, on a busy machine


@pytest.fixture
def executions(tmp_path):
    """Give the file that has a line for each step that was really taken."""
    return tmp_path / "executions"


@pytest.fixture
def draft(tmp_path, executions) -> dict[str, str]:
    """Give the payload of `approve`."""
    return {"executions": str(executions), "published": str(tmp_path / "published")}


@pytest.fixture
def run_of(deployment):
    """Give what finds the execution of a request's attempt."""

    def find(request_id: str, attempt: int = 1) -> dict[str, object]:
        key = deployment.stream_record(request_id)["dynamodb"]["Keys"]["pk"]["S"]
        (found,) = deployment.stack.client("lambda").list_durable_executions_by_function(
            FunctionName=deployment.stack.function_name(FUNCTION),
            DurableExecutionName=f"{key}-{attempt}",
        )["DurableExecutions"]
        return found

    return find


def asked(wire, request_id: str) -> dict[str, object]:
    """Give the question of a request, once it was pushed."""
    return wire.wait_for(
        lambda message: message["type"] == "input_required" and message["request_id"] == request_id
    )


def reports_of(deployment, after: float) -> list[ReportKind]:
    """Give when the durable function was at work, and when it was not."""
    told = [
        event.report
        for event in deployment.stack.events
        if isinstance(event, Spoke) and event.function == FUNCTION
    ]
    # What ends now may have begun before.
    begun = {each.request for each in told if each.kind is ReportKind.START and each.time > after}
    kinds = {ReportKind.START, ReportKind.END}
    return [each.kind for each in told if each.kind in kinds and each.request in begun]


def snapshot(wire, request_id: str):
    return wire.ask("get", {"request_id": request_id})["data"]


# --- steps and sleeps -----------------------------------------------------------------------------


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_each_step_is_taken_once_and_a_sleeper_keeps_no_worker(wire, deployment, executions):
    begun = time.time()

    messages = wire.follow(wire.submit("nap", {"executions": str(executions)}))
    deployment.stack.wait_for(lambda: len(reports_of(deployment, begun)) >= 4)

    assert messages[-1]["result"] == {"sum": 3, "attempt": 1}
    assert executions.read_text() == "executed\n" * 2
    # Two invocations, and nothing between them.
    assert reports_of(deployment, begun) == [ReportKind.START, ReportKind.END] * 2


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_what_a_handler_told_before_it_slept_is_not_told_again(wire):
    messages = wire.follow(wire.submit("nap", {}))

    told = [message["data"] for message in messages if message["type"] == "chunk"]
    assert told == ["before the sleep", "after the sleep"]
    assert Counter(message["type"] for message in messages)["progress"] == 1
    assert sorted(message["seq"] for message in messages) == list(range(len(messages)))


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_step_that_was_taken_is_not_taken_again_after_a_crash(
    wire, deployment, executions, tmp_path
):
    release = tmp_path / "release"
    request_id = wire.submit("plod", {"executions": str(executions), "release": str(release)})
    pid = wire.progress_of(request_id)["metadata"]["pid"]

    killed = deployment.stack.kill_worker(FUNCTION)
    release.touch()
    last = wire.follow(request_id, patience=RECOVERY)[-1]

    assert pid in killed
    assert (last["type"], last["result"]) == ("complete", 3)
    assert executions.read_text() == "executed\n" * 2


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_another_attempt_is_another_execution(wire, run_of, executions):
    messages = wire.follow(wire.submit("relapse", {"executions": str(executions)}), RECOVERY)
    request_id = messages[-1]["request_id"]

    first, second = run_of(request_id, 1), run_of(request_id, 2)

    assert [message["attempt"] for message in messages if message["type"] == "retrying"] == [2]
    assert messages[-1]["result"] == 2
    assert executions.read_text() == "executed\n" * 2
    assert first["DurableExecutionArn"] != second["DurableExecutionArn"]


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_an_execution_that_is_started_twice_is_one(wire, deployment, draft, executions):
    request_id = wire.submit("approve", draft)
    asked(wire, request_id)
    record = deployment.stream_record(request_id)

    meanwhile = deployment.invoke("Dispatcher", {"Records": [record]})
    wire.ask("input", {"request_id": request_id, "value": "no"})
    last = wire.follow(request_id)[-1]
    afterwards = deployment.invoke("Dispatcher", {"Records": [record]})

    assert meanwhile == afterwards == {"batchItemFailures": []}
    assert last["result"] == {"answer": "no", "draft": 1}
    assert executions.read_text() == "executed\n"


# --- questions ------------------------------------------------------------------------------------


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_question_is_pushed_and_read_and_another_device_answers_it(connect, draft, executions):
    phone, laptop = connect(), connect()
    request_id = phone.submit("approve", draft)
    question = asked(phone, request_id)

    read = snapshot(laptop, request_id)
    answer = laptop.ask("input", {"request_id": request_id, "value": "yes"})["data"]
    last = phone.follow(request_id)[-1]

    assert question["schema"] == {"enum": ["yes", "no"]}
    assert question["prompt"] == "Publish it?"
    assert read["state"] == "INPUT_REQUIRED"
    assert read["input"] == {name: question[name] for name in ("schema", "prompt", "input_id")}
    assert answer == {"request_id": request_id, "state": "RUNNING"}
    assert last["result"] == {"answer": "yes", "draft": 1}
    assert executions.read_text() == "executed\n"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_who_waits_for_an_answer_keeps_no_worker(wire, deployment, draft):
    begun = time.time()
    request_id = wire.submit("approve", draft)
    asked(wire, request_id)
    deployment.wait_for_invocation(FUNCTION, after=begun)

    meanwhile = reports_of(deployment, begun)
    state = snapshot(wire, request_id)["state"]

    assert meanwhile == [ReportKind.START, ReportKind.END]
    assert state == "INPUT_REQUIRED"
    assert wire.ask("cancel", {"request_id": request_id})["data"]["state"] == "CANCELLED"


def test_a_value_that_does_not_fit_is_refused_and_the_question_stays(wire, draft):
    request_id = wire.submit("approve", draft)
    asked(wire, request_id)

    refused = wire.ask("input", {"request_id": request_id, "value": "perhaps"})["error"]
    state = snapshot(wire, request_id)["state"]
    wire.ask("input", {"request_id": request_id, "value": "no"})

    assert refused["code"] == "VALIDATION_ERROR"
    assert refused["details"] == [{"path": "", "message": "must be one of yes, no"}]
    assert state == "INPUT_REQUIRED"
    assert wire.follow(request_id)[-1]["result"]["answer"] == "no"


def test_the_same_answer_twice_is_one_and_another_is_a_conflict(wire, draft):
    request_id = wire.submit("approve", draft)
    input_id = asked(wire, request_id)["input_id"]
    answer = {"request_id": request_id, "value": "yes", "input_id": input_id}

    first = wire.ask("input", answer)
    again = wire.ask("input", answer)
    other = wire.ask("input", {**answer, "value": "no"})
    last = wire.follow(request_id)[-1]
    late = wire.ask("input", answer)

    assert [each["success"] for each in (first, again, late)] == [True] * 3
    assert other["error"]["code"] == "CONFLICT"
    assert last["result"]["answer"] == "yes"


def test_each_question_has_an_id_and_its_own_answer(wire):
    request_id = wire.submit("interview")
    first = asked(wire, request_id)
    wire.ask("input", {"request_id": request_id, "value": "Ann", "input_id": first["input_id"]})
    second = wire.wait_for(
        lambda message: (
            message["type"] == "input_required" and message["input_id"] != first["input_id"]
        )
    )

    past = wire.ask(
        "input", {"request_id": request_id, "value": "Bob", "input_id": first["input_id"]}
    )
    wire.ask("input", {"request_id": request_id, "value": 7, "input_id": second["input_id"]})

    assert past["error"]["code"] == "CONFLICT"
    assert wire.follow(request_id)[-1]["result"] == ["Ann", 7]


def test_a_request_that_asks_nothing_takes_no_answer(wire):
    request_id = wire.run("count", {"steps": 1})["request_id"]

    answer = wire.ask("input", {"request_id": request_id, "value": "yes"})

    assert answer["error"]["code"] == "CONFLICT"


def test_nobody_else_answers(connect, draft):
    ann, bob = connect(sub="ann"), connect(sub="bob")
    request_id = ann.submit("approve", draft)
    asked(ann, request_id)

    refused = bob.ask("input", {"request_id": request_id, "value": "yes"})
    ann.ask("input", {"request_id": request_id, "value": "no"})

    assert refused["error"]["code"] == "NOT_FOUND"
    assert ann.follow(request_id)[-1]["result"]["answer"] == "no"


def test_a_question_that_nobody_answers_in_time_fails_with_timeout(wire):
    last = wire.run("ask_in_vain")

    assert (last["type"], last["error"]["code"]) == ("error", "TIMEOUT")


def test_a_handler_may_go_on_without_an_answer(wire):
    assert wire.run("guess")["result"] == "nobody answered"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_request_that_waits_is_cancelled_at_once_and_its_execution_stopped(
    wire, run_of, draft, executions
):
    request_id = wire.submit("approve", draft)
    asked(wire, request_id)

    answer = wire.ask("cancel", {"request_id": request_id, "reason": "too late"})
    last = wire.wait_for(lambda message: message["type"] == "cancelled")
    late = wire.ask("input", {"request_id": request_id, "value": "yes"})

    assert answer["data"]["state"] == "CANCELLED"
    assert last["reason"] == "too late"
    assert late["error"]["code"] == "CONFLICT"
    assert run_of(request_id)["Status"] == "STOPPED"
    assert executions.read_text() == "executed\n"


def test_an_answer_that_did_not_get_through_is_stored_and_sent_with_the_next_one(
    wire, deployment, draft
):
    request_id = wire.submit("approve", draft)
    asked(wire, request_id)
    answer = {"request_id": request_id, "value": "yes"}

    with deployment.statement(
        "Message/Role/Resource", "Deny", "lambda:SendDurableExecutionCallbackSuccess"
    ):
        lost = wire.ask("input", answer)
        stored = snapshot(wire, request_id)["state"]
    again = wire.ask("input", answer)

    assert lost["error"]["code"] == "INTERNAL_ERROR"
    assert stored == "RUNNING"
    assert again["success"]
    assert wire.follow(request_id)[-1]["result"]["answer"] == "yes"


# --- over HTTP, and by the clients ----------------------------------------------------------------


@pytest.mark.calm("presumes a question within a poll", "crash", "freeze")
def test_a_question_is_answered_over_http(web, draft):
    request_id = web.submit("approve", draft)
    waiting = web.get(request_id, wait=20)
    path = f"/requests/{request_id}/input"

    refused = web.ask("POST", path, {"value": "perhaps"})
    taken = web.ask("POST", path, {"value": "yes", "input_id": waiting["input"]["input_id"]})
    again = web.ask("POST", path, {"value": "yes", "input_id": waiting["input"]["input_id"]})
    other = web.ask("POST", path, {"value": "no"})

    assert (waiting["state"], waiting["input"]["prompt"]) == ("INPUT_REQUIRED", "Publish it?")
    assert (refused.status, refused.problem["code"]) == (400, "VALIDATION_ERROR")
    assert refused.problem["details"][0]["path"] == ""
    assert taken.document == {"request_id": request_id, "state": "RUNNING"}
    assert again.status == 200
    assert (other.status, other.problem["code"]) == (409, "CONFLICT")
    assert web.finish(request_id)["result"] == {"answer": "yes", "draft": 1}


async def test_the_client_asks_its_caller(deployment, token_of, draft):
    questions: list[InputRequired] = []

    def decide(question: InputRequired) -> str:
        questions.append(question)
        return "yes"

    async with StreamerClient(url=deployment.url, token=token_of(), ssl=deployment.tls) as client:
        result = await client.request("approve", draft, on_input=decide)

    assert result == {"answer": "yes", "draft": 1}
    assert [question.prompt for question in questions] == ["Publish it?"]


def test_the_client_for_programs_without_a_loop_asks_its_caller(deployment, token_of):
    answers = iter(["Ann", 7])

    with SyncStreamerClient(url=deployment.url, token=token_of(), ssl=deployment.tls) as client:
        result = client.request("interview", on_input=lambda _question: next(answers))

        with pytest.raises(TimedOut):
            client.request("ask_in_vain")

    assert result == ["Ann", 7]
