"""The entry points of queues: one message of a batch does nothing to the others."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import (
    WATCH_RECEIVES,
    DispatcherEnvironment,
    Environment,
    ItemKind,
    State,
    WatcherEnvironment,
)
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, WATCH
from tests.runtime.api import ANN, ObservedApi

LEASE = 60_000
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
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        for message in messages
    ]


def watcher_settings(api: ObservedApi) -> WatcherEnvironment:
    return WatcherEnvironment(
        name="api",
        table_name=TABLE.name,
        endpoint=ENDPOINT,
        work_queue_url=api.aws.queue_url("work"),
        watch_queue_url=api.aws.queue_url(WATCH.name),
    )


def spoil(api: ObservedApi) -> None:
    """Take from an item what nobody can do without."""
    key = {"pk": {"S": SPOILED}, "sk": {"S": ItemKind.REQUEST}}
    parameters = {"TableName": TABLE.name, "Key": key, "UpdateExpression": "REMOVE created_at"}
    api.aws.call("dynamodb", "UpdateItem", parameters)


def test_a_request_that_cannot_be_looked_at_keeps_no_other_from_its_watch(
    api: ObservedApi, monkeypatch: pytest.MonkeyPatch
):
    watcher = imported(monkeypatch, api, "watcher", watcher_settings(api))
    submitted(api, "spoiled", "overdue")
    spoil(api)
    api.platform.now += LONGER_THAN_IT_MAY_WAIT
    found = records(api)
    foreign = {"messageId": "foreign", "receiptHandle": "none", "body": "[]"}

    kept = watcher.handler({"Records": [foreign, *found]}, None)["batchItemFailures"]

    spoiled = [each["messageId"] for each in found if SPOILED in each["body"]]
    assert [each["itemIdentifier"] for each in kept] == ["foreign", *spoiled]
    assert api.stored(ANN, "overdue").state is State.EXPIRED


def test_a_message_that_was_received_too_often_is_followed_by_another(
    api: ObservedApi, monkeypatch: pytest.MonkeyPatch
):
    watcher = imported(monkeypatch, api, "watcher", watcher_settings(api))
    submitted(api, "long")
    api.platform.now += LEASE
    (record,) = records(api)
    record["attributes"] = {"ApproximateReceiveCount": str(WATCH_RECEIVES * 9 // 10)}

    assert watcher.handler({"Records": [record]}, None) == {"batchItemFailures": []}

    acknowledged = {"QueueUrl": api.aws.queue_url(WATCH.name)}
    acknowledged["ReceiptHandle"] = record["receiptHandle"]
    api.aws.call("sqs", "DeleteMessage", acknowledged)
    api.platform.now += 2 * LEASE
    assert [follower["body"] for follower in records(api)] == [record["body"]]


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
