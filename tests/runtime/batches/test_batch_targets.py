"""Whom batches publish to: queues of any region, ordered queues, functions; and how they start."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime.batches import Batch, BatchRun
from cdk_streamer_runtime.batches.assembly import client_in, listening, world_of
from cdk_streamer_runtime.batches.dead_letters import letter
from cdk_streamer_runtime.batches.item import BatchItem
from cdk_streamer_runtime.batches.loader import load_batch
from cdk_streamer_runtime.batches.telling import Silence
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.contract.batches import BatchEnvironment, BatchSettings, TargetKind
from cdk_streamer_runtime.outgoing import CALL_BYTES
from cdk_streamer_runtime.testing import MemoryBatch
from tests.runtime.batches.authors import batch_of

AWS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
SETTINGS = BatchSettings(
    name="Reminders",
    target_kind=TargetKind.QUEUE,
    target_address="https://sqs.eu-west-1.amazonaws.com/1/q",
    target_region="eu-west-1",
)


@pytest.fixture
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, text in AWS.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client_in.cache_clear()
    return monkeypatch


def test_a_client_of_another_region_signs_for_it_and_calls_there(in_lambda):
    identity = client_in("eu-west-1")._identity  # noqa: SLF001 - what would be sent

    assert identity.region == "eu-west-1"
    assert identity.target("sqs").origin.authority == "sqs.eu-west-1.amazonaws.com"
    assert AwsEnvironment.from_variables().region == "eu-central-1"


def test_an_endpoint_of_this_machine_stays_where_it_is(in_lambda):
    in_lambda.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    identity = client_in("eu-west-1")._identity  # noqa: SLF001 - what would be sent

    assert identity.target("sqs").origin.authority == "localhost:4566"
    assert identity.region == "eu-west-1"


def test_a_request_finds_the_settings_of_its_batch_in_the_environment(in_lambda):
    in_lambda.setenv(BatchSettings.variable("Receipts"), SETTINGS.to_text())

    world = world_of("Receipts", batch_of(1).functions)

    assert world.settings == SETTINGS
    assert world.target is not None


def test_an_ordered_queue_gets_groups_and_knows_duplicates():
    batch = batch_of(4)
    batch.load(lambda ids: [{"account": f"a{number % 2}"} for number, _ in enumerate(ids)])
    memory = MemoryBatch(batch, target_fifo=True, target_ordered_by="account")
    memory.crash(after=[1])

    result = memory.run()

    assert result["published"] == 4
    assert len(memory.sent) == 4  # sent twice, and known by their keys
    url = {"QueueUrl": memory.settings.target_address, "MaxNumberOfMessages": 10}
    received = memory.aws.call("sqs", "ReceiveMessage", url)["Messages"]
    assert {each["Attributes"]["MessageGroupId"] for each in received} == {"a0", "a1"}


def test_an_item_without_its_order_has_failed():
    memory = MemoryBatch(batch_of(2), target_fifo=True, target_ordered_by="account")

    assert memory.run()["failed"] == 2
    assert "needs its member 'account'" in memory.letters[0]["reason"]


def test_data_that_is_no_json_fails_alone():
    batch = batch_of(3)
    batch.load(lambda ids: {id: object() if id == "user-1" else id for id in ids})
    memory = MemoryBatch(batch)

    assert memory.run()["failed_ids"] == ["user-1"]
    assert memory.letters[0]["data"] is None
    assert memory.sent == ["user-0", "user-2"]


def test_a_batch_with_nothing_to_publish_to_tells_what_to_do():
    with pytest.raises(ValueError, match=r"register a function by batch\.publish, or give"):
        MemoryBatch(batch_of(1), target_kind=None)


def test_a_letter_that_would_be_too_large_goes_without_its_data():
    item = BatchItem(id="a", key="k", data="x" * CALL_BYTES)

    body = json.loads(letter("b", item, "why").body)

    assert body == {"batch_id": "b", "id": "a", "key": "k", "reason": "why", "data": None}


# --- what an author writes ------------------------------------------------------------------------


def two(cursor: object, other: object) -> None: ...


def generating(cursor: object) -> Any:
    yield cursor


def run_first(run: BatchRun, cursor: object) -> None: ...


def two_runs(cursor: object, run: BatchRun, again: BatchRun) -> None: ...


@pytest.mark.parametrize("function", [two, generating, run_first, two_runs, lambda: None])
def test_a_function_that_could_never_work_is_refused_where_it_is_written(function: Any):
    with pytest.raises(TypeError, match="discover function"):
        Batch().discover(function)


def test_a_batch_has_one_function_of_each_kind():
    with pytest.raises(ValueError, match="a batch has one discover function"):
        batch_of(1).discover(lambda _cursor: ([], None))


def test_a_batch_that_discovers_nothing_is_refused():
    with pytest.raises(ValueError, match=r"register a function by batch\.discover"):
        MemoryBatch(Batch())


# --- the durable function -------------------------------------------------------------------------


ENVIRONMENT = BatchEnvironment(
    batch_name="Stack/Reminders",
    batch=SETTINGS.to_text(),
    entry_point="reminders_batch",
    execution_timeout_seconds=3_600,
)


@pytest.fixture
def module(in_lambda, tmp_path: Path) -> pytest.MonkeyPatch:
    (tmp_path / "reminders_batch.py").write_text(
        "from cdk_streamer_runtime.batches import Batch\n"
        "batch = Batch()\nbatch.discover(lambda cursor: ([], None))\nother = 1\n"
    )
    in_lambda.syspath_prepend(str(tmp_path))
    in_lambda.delitem(sys.modules, "reminders_batch", raising=False)
    return in_lambda


def test_the_entry_point_loads_the_batch(module):
    for name, text in ENVIRONMENT.to_variables().items():
        module.setenv(name, text)
    module.delitem(sys.modules, "cdk_streamer_runtime.handlers.batch", raising=False)

    assert callable(importlib.import_module("cdk_streamer_runtime.handlers.batch").handler)


def test_an_entry_point_that_is_no_batch_is_refused(module):
    assert isinstance(load_batch("reminders_batch:batch"), Batch)
    with pytest.raises(TypeError, match="must be a Batch, got int"):
        load_batch("reminders_batch:other")


def test_without_a_socket_nobody_is_told():
    ear = listening(ENVIRONMENT)("tenant", "b1")

    with ear:
        ear.report(current=1, total=2)
        ear.complete({})
    assert isinstance(ear, Silence)
