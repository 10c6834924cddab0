"""The entry point of the webhook queue, with the events of SQS."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, assembly
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import HttpEnvironment, WebhookEnvironment
from cdk_streamer_runtime.http.assembly import http_api
from cdk_streamer_runtime.memory.api import ENDPOINT, SECRET_ARN, TABLE, WEBHOOKS
from cdk_streamer_runtime.memory.http import HttpAnswer, http_event
from cdk_streamer_runtime.webhooks import sender
from tests.runtime.api import ANN, ObservedApi

URL = "https://shop.example.com/ended"
MODULE = "cdk_streamer_runtime.handlers.webhook"


def new_app() -> AsyncApp:
    app = AsyncApp()
    app.action("job", mode="async")(lambda payload: payload)
    return app


@pytest.fixture
def api() -> ObservedApi:
    return ObservedApi(new_app())


@pytest.fixture
def entry_point(api: ObservedApi, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    world = Assembly(aws=api.aws, platform=api.platform)
    settings = WebhookEnvironment(
        name="api",
        table_name=TABLE.name,
        queue_url=api.aws.queue_url(WEBHOOKS.name),
        secret_arn=SECRET_ARN,
    )
    for name, value in settings.to_variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(assembly, "in_lambda", lambda: world)
    monkeypatch.setattr(sender, "HttpsSender", lambda: api.receiver)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    loaded = importlib.import_module(MODULE)
    monkeypatch.delitem(sys.modules, MODULE)
    return loaded


def received(api: ObservedApi) -> dict[str, Any]:
    """Receive a message of the queue, as Lambda hands it over."""
    parameters = {"QueueUrl": api.aws.queue_url(WEBHOOKS.name)}
    (message,) = api.aws.call("sqs", "ReceiveMessage", parameters)["Messages"]
    return {
        "messageId": "ours",
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
    }


def test_a_message_that_cannot_be_read_keeps_no_other_from_its_receiver(
    api: ObservedApi, entry_point: ModuleType
):
    api.http(ANN, "POST", "/requests", body={"action": "job", "webhook": URL})
    while api.dispatch() or api.work():
        pass
    foreign = {"messageId": "foreign", "receiptHandle": "none", "body": "[]"}

    answer = entry_point.handler({"Records": [foreign, received(api)]}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "foreign"}]}
    assert [webhook.url for webhook in api.receiver.webhooks] == [URL]


@pytest.mark.parametrize(
    ("hosts", "status"), [(None, 202), ("*.example.com", 202), ("*.other.example", 400)]
)
def test_a_webhook_is_refused_at_once_where_its_host_is_not_allowed(
    api: ObservedApi, hosts: str | None, status: int
):
    settings = HttpEnvironment(
        name="api",
        table_name=TABLE.name,
        endpoint=ENDPOINT,
        requests=True,
        webhook_queue_url=api.aws.queue_url(WEBHOOKS.name),
        webhook_hosts=hosts,
    )
    world = Assembly(aws=api.aws, platform=api.platform)
    guarded = http_api(world, settings, new_app(), api.metrics, api.sleep)
    event = http_event(ANN, "POST", "/requests", body={"action": "job", "webhook": URL})

    answer = HttpAnswer.from_event(guarded.handle(event, lambda: 29_000, None))

    assert answer.status == status
