"""What the constructs need of streams and queues, as the engine does it."""

from __future__ import annotations

import json
import time
import uuid

import pytest

PATIENCE = 30.0


@pytest.fixture
def job():
    return f"job-{uuid.uuid4().hex[:8]}"


def put(echo, key, **attributes):
    item = {"pk": {"S": key}, **attributes}
    echo.client("dynamodb").put_item(TableName=echo.outputs["TableName"], Item=item)


def done(echo, job):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = echo.client("dynamodb").get_item(
            TableName=echo.outputs["TableName"], Key={"pk": {"S": f"done-{job}"}}
        )
        if "Item" in found:
            return found["Item"]
        time.sleep(0.02)
    raise TimeoutError(f"{job} was not done")


def test_an_inserted_job_is_dispatched_and_done(echo, job):
    put(echo, job)

    assert done(echo, job)["receives"] == {"N": "1"}


def test_a_layer_is_on_the_path_of_its_functions(echo, job):
    put(echo, job)

    assert done(echo, job)["greeting"] == {"S": "hello from the layer"}


def test_a_function_has_a_trace_of_its_own(echo, job):
    put(echo, job)

    assert done(echo, job)["trace"]["S"].startswith("Root=1-")


def test_a_filter_keeps_other_records_from_the_function(echo, job):
    put(echo, f"other-{job}")
    put(echo, job)
    put(echo, job, changed={"BOOL": True})  # MODIFY
    done(echo, job)
    last = f"{job}-last"  # the stream is in order, so what came before was decided
    put(echo, last)
    done(echo, last)

    worked = [line for line in echo.logs("Worker") if job in line]
    assert worked == [f"working on {job}", f"working on {last}"]


def test_a_message_that_was_reported_failed_comes_again_when_it_was_put_off_to(echo, job):
    put(echo, job)
    looks = json.dumps({"job": job, "look": 3})

    echo.wait_for_log("Watcher", looks, timeout=PATIENCE)

    assert [line for line in echo.logs("Watcher") if job in line] == [
        json.dumps({"job": job, "look": look}) for look in (1, 2, 3)
    ]
