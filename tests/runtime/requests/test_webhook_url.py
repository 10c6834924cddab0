"""Which addresses a caller may give for a webhook, and what becomes of one until the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import ErrorCode, MessageEnvironment
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE
from cdk_streamer_runtime.requests.webhook_url import LONGEST_URL, WebhookHosts
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi

URL = "https://shop.example.com/ended?order=5"


def new_api(*, webhooks: bool) -> ObservedApi:
    app = AsyncApp()
    app.action("echo")(lambda payload: payload)
    app.action("job", mode="async")(lambda payload: payload)
    api = ObservedApi(app)
    api.conversation = Assembly(aws=api.observed, platform=api.platform).conversation(
        MessageEnvironment(
            name="api",
            table_name=TABLE.name,
            endpoint=ENDPOINT,
            requests=True,
            webhook_queue_url="https://sqs.memory/0/webhooks" if webhooks else None,
        ),
        app,
        api.metrics,
    )
    return api


@pytest.fixture
def api() -> ObservedApi:
    return new_api(webhooks=True)


@pytest.fixture
def ann(api: ObservedApi) -> Connection:
    return api.connect(ANN)


def job(**members: Any) -> dict[str, Any]:
    return {"action": "job", "id": "r1", "payload": {}, **members}


def fault(message: dict[str, Any]) -> tuple[str, str]:
    return message["error"]["code"], message["error"]["message"]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "HTTPS://shop.example.com",
        "https://shop.example.com:443/",
        "https://xn--bcher-kva.example/hook",
        "https://shop.example.com/" + "a" * (LONGEST_URL - 25),
    ],
)
def test_an_https_address_may_be_a_webhook(url: str):
    assert WebhookHosts().check(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example.com",
        "http://shop.example.com/",
        "ftp://shop.example.com/",
        "https:///path",
        "https://shop.example.com:8443/",
        "https://shop.example.com:0/",
        "https://shop.example.com:443x/",
        "https://ann:secret@shop.example.com/",
        "https://good.example@evil.example/",
        "https://[v1.example]/",
        "https://shop.example.com/#part",
        "https://shop.example.com/\r\nHost: evil.example",
        "https://shop.example.com\\@evil.example/",
        "https://shop example.com/",
        "https://b\u00fccher.example/",
        "https://[::1/",
        "https://shop.example.com/" + "a" * LONGEST_URL,
        "https://[2606:4700::1111]/hook",
        "https://93.184.216.34/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://1.0x7f/",
        "https://localhost/",
        "https://shop.example.com./",
        "https://-shop.example.com/",
        "https://shop..example.com/",
        "https://shop_1.example.com/",
        "https://shop.example.com:/",
        "https://" + "a" * 64 + ".example.com/",
        "https://" + "a." * 127 + "example/",
    ],
)
def test_another_address_is_refused(url: str):
    with pytest.raises(Rejection) as caught:
        WebhookHosts().check(url)

    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    assert caught.value.message.startswith("webhook must")


@pytest.mark.parametrize(
    "host", ["hooks.example.com", "HOOKS.example.com", "a.shops.example", "a.b.shops.example"]
)
def test_a_host_that_the_author_names_may_have_a_webhook(host: str):
    hosts = WebhookHosts.from_text("hooks.example.com, *.shops.example")

    assert hosts.check(f"https://{host}/") is None


@pytest.mark.parametrize(
    "host", ["example.com", "a.hooks.example.com", "shops.example", "evilshops.example"]
)
def test_a_host_that_the_author_does_not_name_may_have_none(host: str):
    hosts = WebhookHosts.from_text("hooks.example.com, *.shops.example")

    with pytest.raises(Rejection, match="on a host that this API does not call"):
        hosts.check(f"https://{host}/")


def test_a_request_keeps_its_webhook(api: ObservedApi, ann: Connection):
    api.ask(ann, job(webhook=URL))

    assert api.stored(ANN, "r1").webhook == URL


def test_a_webhook_is_still_there_when_the_request_has_ended(api: ObservedApi, ann: Connection):
    api.hear(ann, job(webhook=URL))
    api.settle()

    ended = api.stored(ANN, "r1")
    assert (ended.is_terminal, ended.webhook) == (True, URL)


def test_a_request_without_a_webhook_has_none(api: ObservedApi, ann: Connection):
    api.ask(ann, job())

    assert api.stored(ANN, "r1").webhook is None


def test_a_bad_address_is_a_clean_error_and_nothing_is_stored(api: ObservedApi, ann: Connection):
    answers = api.ask(ann, job(webhook="http://shop.example.com/"))

    assert [fault(answer) for answer in answers] == [
        ("VALIDATION_ERROR", "webhook must begin with https:// and a host")
    ]
    assert api.aws.items(TABLE.name) == []


def test_an_api_without_webhooks_refuses_one():
    api = new_api(webhooks=False)

    answers = api.ask(api.connect(ANN), job(webhook=URL))

    assert [fault(answer) for answer in answers] == [
        ("VALIDATION_ERROR", "this API calls no webhooks")
    ]


def test_a_webhook_of_a_sync_action_is_refused(api: ObservedApi, ann: Connection):
    answers = api.ask(ann, {"action": "echo", "webhook": URL})

    assert [fault(answer)[0] for answer in answers] == ["VALIDATION_ERROR"]


@pytest.mark.parametrize("webhook", [5, ["https://shop.example.com/"], {}, False])
def test_a_webhook_is_a_string(api: ObservedApi, ann: Connection, webhook: object):
    assert [fault(answer) for answer in api.ask(ann, job(webhook=webhook))] == [
        ("VALIDATION_ERROR", "webhook must be a string")
    ]


def test_the_same_id_with_the_same_webhook_is_the_same_request(api: ObservedApi, ann: Connection):
    api.ask(ann, job(webhook=URL))

    kinds = [message["type"] for message in api.ask(ann, job(webhook=URL))]

    assert kinds == ["acknowledgment", "snapshot"]


@pytest.mark.parametrize("webhook", [None, "https://other.example.com/"])
def test_the_same_id_with_another_webhook_is_a_conflict(
    api: ObservedApi, ann: Connection, webhook: str | None
):
    api.ask(ann, job(webhook=URL))

    assert [fault(answer)[0] for answer in api.ask(ann, job(webhook=webhook))] == ["CONFLICT"]


def test_the_desk_of_another_caller_keeps_its_own_webhook(api: ObservedApi, ann: Connection):
    bob = replace(ANN, owner="bob")
    api.ask(ann, job(webhook=URL))
    api.ask(api.connect(bob), job(webhook="https://bob.example.com/"))

    assert api.stored(bob, "r1").webhook == "https://bob.example.com/"
