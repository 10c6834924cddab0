"""Streams and queues that deliver twice."""

from __future__ import annotations

import json
import time

import pytest


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_stream_record_that_comes_twice_has_one_effect(wire, deployment, tmp_path):
    executions = tmp_path / "executions"
    request_id = wire.run("count", {"steps": 1, "executions": str(executions)})["request_id"]
    record = deployment.stream_record(request_id)
    now = time.time()

    answer = deployment.invoke("Dispatcher", {"Records": [record]})
    deployment.wait_for_invocation("Api/Worker", after=now)

    assert answer == {"batchItemFailures": []}
    assert executions.read_text() == "executed\n"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_work_message_that_comes_again_after_the_end_has_one_effect(wire, deployment, tmp_path):
    executions = tmp_path / "executions"
    request_id = wire.run("count", {"steps": 1, "executions": str(executions)})["request_id"]

    answer = deployment.invoke("Worker", _work_event(deployment, request_id))

    assert answer == {"batchItemFailures": []}
    assert executions.read_text() == "executed\n"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_work_message_that_comes_again_during_the_attempt_is_kept_and_does_nothing(
    wire, deployment, tmp_path
):
    release = tmp_path / "release"
    request_id = wire.submit("linger", {"release": str(release)})
    wire.progress_of(request_id)

    answer = deployment.invoke("Worker", _work_event(deployment, request_id))
    release.touch()
    messages = wire.follow(request_id)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "again"}]}
    assert [message["type"] for message in messages].count("progress") == 1


def test_a_watch_message_that_comes_again_after_the_end_changes_nothing(wire, deployment):
    request_id = wire.run("count", {"steps": 1})["request_id"]
    before = wire.ask("get", {"request_id": request_id})["data"]

    answer = deployment.invoke("Watcher", _work_event(deployment, request_id))
    after = wire.ask("get", {"request_id": request_id})["data"]

    assert answer == {"batchItemFailures": []}
    assert after | {"timestamp": ""} == before | {"timestamp": ""}


def _work_event(deployment, request_id: str) -> dict[str, object]:
    key = deployment.stream_record(request_id)["dynamodb"]["Keys"]["pk"]["S"]
    body = json.dumps({"key": key, "attempt": 1})
    message = {
        "messageId": "again",
        "receiptHandle": "none",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "2"},
    }
    return {"Records": [message]}


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_record_that_the_stream_gave_up_on_is_dispatched_from_its_pointer(
    wire, deployment, tmp_path
):
    executions = tmp_path / "executions"
    with deployment.paused("Api/Dispatcher"):
        request_id = wire.submit("count", {"steps": 1, "executions": str(executions)})
        pointer = {"DDBStreamBatchInfo": deployment.stream_pointer(request_id)}
        message = {"messageId": "lost", "body": json.dumps(pointer)}

        answer = deployment.invoke("Redispatcher", {"Records": [message]})
        last = wire.follow(request_id)[-1]

    assert answer == {"batchItemFailures": []}
    assert last["type"] == "complete"
    assert executions.read_text() == "executed\n"
