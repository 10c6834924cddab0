"""What one message of a batch does to the others: nothing."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import (
    DispatcherEnvironment,
    Environment,
    ItemKind,
    State,
    WatcherEnvironment,
)
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, WATCH
from tests.runtime.api import ANN, ObservedApi

LONGER_THAN_IT_MAY_WAIT = 2 * 3_600_000
SPOILED = request_key("acme", "ann", "spoiled")


def imported(
    monkeypatch: pytest.MonkeyPatch, api: ObservedApi, name: str, settings: Environment
) -> ModuleType:
    """Import an entry point as Lambda does, in the world of `api`."""
    for variable, value in settings.to_variables().items():
        monkeypatch.setenv(variable, value)
    world = Assembly(aws=api.aws, platform=api.platform)
    monkeypatch.setattr("cdk_streamer_runtime.assembly.in_lambda", lambda: world)
    module = f"cdk_streamer_runtime.handlers.{name}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    entry_point = importlib.import_module(module)
    monkeypatch.delitem(sys.modules, module)
    return entry_point


@pytest.fixture
def api() -> ObservedApi:
    app = AsyncApp()
    app.action("job", mode="async")(lambda: None)
    return ObservedApi(app)


def submitted(api: ObservedApi, *request_ids: str) -> None:
    ann = api.connect(ANN)
    for request_id in request_ids:
        api.hear(ann, {"action": "job", "id": request_id})
    while api.dispatch():
        pass


def records(api: ObservedApi) -> list[dict[str, Any]]:
    """Receive what waits in the watch queue, as Lambda hands it over."""
    parameters = {"QueueUrl": api.aws.queue_url(WATCH.name), "MaxNumberOfMessages": 10}
    messages = api.aws.call("sqs", "ReceiveMessage", parameters)["Messages"]
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
        }
        for message in messages
    ]


def spoil(api: ObservedApi) -> None:
    """Take from an item what nobody can do without."""
    key = {"pk": {"S": SPOILED}, "sk": {"S": ItemKind.REQUEST}}
    parameters = {"TableName": TABLE.name, "Key": key, "UpdateExpression": "REMOVE created_at"}
    api.aws.call("dynamodb", "UpdateItem", parameters)


def test_a_request_that_cannot_be_looked_at_keeps_no_other_from_its_watch(
    api: ObservedApi, monkeypatch: pytest.MonkeyPatch
):
    queue = api.aws.queue_url(WATCH.name)
    settings = WatcherEnvironment(
        name="api", table_name=TABLE.name, endpoint=ENDPOINT,
        work_queue_url=api.aws.queue_url("work"), watch_queue_url=queue,
    )  # fmt: skip
    watcher = imported(monkeypatch, api, "watcher", settings)
    submitted(api, "spoiled", "overdue")
    spoil(api)
    api.platform.now += LONGER_THAN_IT_MAY_WAIT
    found = records(api)
    foreign = {"messageId": "foreign", "receiptHandle": "none", "body": "[]"}

    kept = watcher.handler({"Records": [foreign, *found]}, None)["batchItemFailures"]

    spoiled = [each["messageId"] for each in found if SPOILED in each["body"]]
    assert [each["itemIdentifier"] for each in kept] == ["foreign", *spoiled]
    assert api.stored(ANN, "overdue").state is State.EXPIRED


def test_each_pointer_that_leads_nowhere_is_kept_by_itself(
    api: ObservedApi, monkeypatch: pytest.MonkeyPatch
):
    settings = DispatcherEnvironment(
        name="api",
        work_queue_url=api.aws.queue_url("work"),
        watch_queue_url=api.aws.queue_url(WATCH.name),
    )
    redispatcher = imported(monkeypatch, api, "redispatcher", settings)
    foreign = [{"messageId": "first", "body": "{}"}, {"messageId": "second", "body": "nonsense"}]

    kept = redispatcher.handler({"Records": foreign}, None)["batchItemFailures"]

    assert [each["itemIdentifier"] for each in kept] == ["first", "second"]
