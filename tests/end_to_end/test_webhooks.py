"""How callers' own servers hear of an end.

No name of the tests' machine leads to a public address, and the deployed function calls no other:
it shows how a delivery fails. What arrives is shown by the same parts in this process, with the
services of the deployment and a receiver on this machine in place of the internet.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from cdk_streamer_client import SyncStreamerClient, ValidationFailed
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import WEBHOOK_RECEIVES, AwsEnvironment, WebhookEnvironment
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.webhooks.assembly import deliveries
from cdk_streamer_runtime.webhooks.delivery import Deliveries
from cdk_streamer_runtime.webhooks.sender import HttpsSender
from tests.end_to_end import running
from tests.end_to_end.storage import Storage
from tests.runtime.webhooks.receiver import HOST, Receiver

PUBLIC = "93.184.216.34"
URL = f"https://{HOST}/ended?order=confidential"
FUNCTION = "Api/Webhook"
QUEUE = "Api/Webhooks/Queue/Resource"
DEAD_LETTERS = "Api/Webhooks/DeadLetters/Resource"
SECRET = "EndToEnd/WebhookSecret/Resource"
PATIENCE = 30.0 * running.PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What a receiver was sent."""

    line: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def read(cls, request: bytes) -> Arrived:
        """Read a request as it came over the wire."""
        head, _, body = request.partition(b"\r\n\r\n")
        line, *headers = head.decode().split("\r\n")
        return cls(line=line, headers=dict(each.split(": ", 1) for each in headers), body=body)

    @property
    def document(self) -> dict[str, Any]:
        """The body."""
        return json.loads(self.body)

    def signed_with(self, secret: str) -> str:
        """Sign it as https://www.standardwebhooks.com says."""
        name, moment = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{name}.{moment}.".encode() + self.body
        return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


class Desk:
    """Takes messages of the webhook queue in place of the deployed function, which is paused."""

    def __init__(self, deployment, deliveries: Deliveries) -> None:
        self._sqs = deployment.stack.client("sqs")
        self._queue = deployment.stack.physical_id(QUEUE)
        self._deliveries = deliveries

    def deliver(self) -> bool:
        """Take the next message, and tell whether its receiver knows now."""
        message = self._receive()
        key = json.loads(message["Body"])["key"]
        known = self._deliveries.handle(key, message["ReceiptHandle"], 1)
        self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return known

    def deliver_again(self, key: str) -> bool:
        """Take a message that came once more."""
        return self._deliveries.handle(key, "none", 1)

    def _receive(self) -> dict[str, Any]:
        (message,) = self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=20)["Messages"]
        return message


@pytest.fixture
def receiver(tmp_path) -> Iterator[Receiver]:
    """Give a caller's own server."""
    receiver = Receiver(tmp_path)
    yield receiver
    receiver.close()


@pytest.fixture
def desk(deployment, receiver) -> Iterator[Desk]:
    """Give who sends webhooks, with the deployed function's settings and role."""
    function = deployment.stack.client("lambda").get_function_configuration(
        FunctionName=deployment.stack.function_name(FUNCTION)
    )
    settings = WebhookEnvironment.from_variables(function["Environment"]["Variables"])
    sender = HttpsSender(
        resolve=lambda _host, _timeout: [PUBLIC], dial=receiver.dial, tls=receiver.trusting
    )
    own = account(deployment, function["Role"])
    aws = LeanClient(environment=lambda: own)
    world = Assembly(aws=aws, platform=Machine())
    with closing(aws), deployment.paused(FUNCTION):
        yield Desk(deployment, deliveries(world, settings, Metrics(settings.name), sender))


@pytest.fixture
def secret_of(deployment):
    """Give what stores a secret for a while, and the one that is stored."""
    client, name = deployment.stack.client("secretsmanager"), deployment.stack.physical_id(SECRET)
    stored = client.get_secret_value(SecretId=name)["SecretString"]

    @contextmanager
    def changed(text: str) -> Iterator[None]:
        client.put_secret_value(SecretId=name, SecretString=text)
        try:
            yield
        finally:
            client.put_secret_value(SecretId=name, SecretString=stored)

    return stored, changed


def account(deployment, role: str) -> AwsEnvironment:
    """Be who the deployed function is."""
    own = deployment.stack.client("sts").assume_role(RoleArn=role, RoleSessionName="webhooks")
    return AwsEnvironment.from_variables(
        {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": own["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": own["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": own["Credentials"]["SessionToken"],
            "AWS_ENDPOINT_URL": deployment.stack.endpoint,
            "AWS_CA_BUNDLE": deployment.stack.ca_bundle,
        }
    )


def item_of(deployment, key: str) -> dict[str, Any]:
    """Give the item of a request."""
    return deployment.stack.client("dynamodb").get_item(
        TableName=deployment.table, Key={"pk": {"S": key}, "sk": {"S": "request"}}
    )["Item"]


def notices_of(deployment, key: str) -> set[str]:
    """Give what a request remembers of its webhook."""
    return {"notice_tried_at", "notified_at"} & set(item_of(deployment, key))


def key_of(deployment, request_id: str) -> str:
    return deployment.stream_record(request_id)["dynamodb"]["Keys"]["pk"]["S"]


def failures_of(deployment, key: str) -> list[dict[str, Any]]:
    """Give what the deployed function wrote down of deliveries in vain."""
    lines = [line for line in deployment.stack.logs(FUNCTION) if "webhook not delivered" in line]
    return [record for line in lines if (record := json.loads(line))["key"] == key]


# --- who may be called ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example.com/",
        f"http://{HOST}/",
        f"https://{HOST}:8443/",
        f"https://user@{HOST}/",
        "https://127.0.0.1/",
        "https://localhost/",
    ],
)
def test_an_address_that_is_not_allowed_is_refused_on_both_apis(wire, web, url):
    body = {"action": "count", "payload": {"steps": 1}, "webhook": url}

    on_socket = wire.answer_to(wire.say(body))
    over_http = web.ask("POST", "/requests", body)

    assert on_socket["error"]["code"] == "VALIDATION_ERROR"
    assert on_socket["error"]["message"].startswith("webhook ")
    assert (over_http.status, over_http.problem["code"]) == (400, "VALIDATION_ERROR")
    assert wire.ask("list")["data"]["requests"] == []


def test_a_sync_action_takes_no_webhook(wire, web):
    body = {"action": "echo", "payload": 1, "webhook": URL}

    on_socket = wire.answer_to(wire.say(body))
    over_http = web.ask("POST", "/requests", body)

    assert on_socket["error"]["code"] == "VALIDATION_ERROR"
    assert over_http.status == 400


def test_a_client_is_told_what_is_wrong(deployment, token_of):
    with (
        SyncStreamerClient(url=deployment.url, token=token_of(), ssl=deployment.tls) as client,
        pytest.raises(ValidationFailed, match="host that this API does not call"),
    ):
        client.request("count", {"steps": 1}, webhook="https://elsewhere.example.com/")


# --- what arrives ---------------------------------------------------------------------------------


def test_a_signed_webhook_tells_how_a_request_ended(wire, desk, receiver, deployment, secret_of):
    request_id = wire.run("count", {"steps": 2}, webhook=URL)["request_id"]
    key = key_of(deployment, request_id)

    known = desk.deliver()
    (arrived,) = [Arrived.read(request) for request in receiver.requests]
    snapshot = wire.ask("get", {"request_id": request_id})["data"]

    assert known
    assert arrived.line == "POST /ended?order=confidential HTTP/1.1"
    assert (receiver.dialed, receiver.names) == ([PUBLIC], [HOST])
    assert arrived.headers["webhook-id"] == key
    assert arrived.headers["webhook-signature"] == arrived.signed_with(secret_of[0])
    assert arrived.document["type"] == "request.succeeded"
    assert arrived.document["data"] | {"timestamp": ""} == snapshot | {"timestamp": ""}
    assert notices_of(deployment, key) == {"notified_at"}


def test_what_was_told_is_not_told_again(wire, desk, receiver, deployment):
    request_id = wire.run("count", {"steps": 1}, webhook=URL)["request_id"]
    desk.deliver()

    again = desk.deliver_again(key_of(deployment, request_id))

    assert again
    assert len(receiver.requests) == 1


def test_while_a_secret_rotates_both_sign(wire, desk, receiver, secret_of):
    old, changed = secret_of
    new = "whsec_" + base64.b64encode(b"another secret of enough bytes").decode()
    wire.run("count", {"steps": 1}, webhook=URL)

    with changed(f"{new} {old}"):
        desk.deliver()

    arrived = Arrived.read(receiver.requests[0])
    assert arrived.headers["webhook-signature"].split() == [
        arrived.signed_with(new),
        arrived.signed_with(old),
    ]


def test_a_failure_is_told_without_what_is_internal(web, desk, receiver):
    body = {"action": "break_later", "webhook": URL}
    web.finish(web.ask("POST", "/requests", body).document["request_id"])

    desk.deliver()

    document = Arrived.read(receiver.requests[0]).document
    assert document["type"] == "request.failed"
    assert document["data"]["error"]["code"] == "PROCESSING_FAILED"
    assert "hunter2" not in json.dumps(document)


def test_a_cancelled_question_is_told(wire, desk, receiver):
    request_id = wire.submit("interview", webhook=URL)
    wire.wait_for(lambda message: message["type"] == "input_required")
    wire.ask("cancel", {"request_id": request_id, "reason": "enough"})

    desk.deliver()

    document = Arrived.read(receiver.requests[0]).document
    assert (document["type"], document["data"]["reason"]) == ("request.cancelled", "enough")


def test_a_large_result_is_an_address(wire, desk, receiver, deployment):
    wire.run("boast", webhook=URL)

    desk.deliver()

    address = Arrived.read(receiver.requests[0]).document["data"]["result_url"]
    assert json.loads(Storage(deployment.tls).get(address).body) == "x" * 200_000


def test_a_receiver_that_fails_is_called_again(wire, desk, receiver, deployment):
    receiver.answer = b"HTTP/1.1 500 Internal Server Error\r\n\r\n"
    key = key_of(deployment, wire.run("count", {"steps": 1}, webhook=URL)["request_id"])

    known = desk.deliver()
    told = notices_of(deployment, key)
    receiver.answer = b"HTTP/1.1 204 No Content\r\n\r\n"

    assert not known
    assert told == {"notice_tried_at"}
    assert desk.deliver_again(key)
    assert notices_of(deployment, key) == {"notice_tried_at", "notified_at"}


def test_a_receiver_that_is_gone_is_not_called_again(wire, desk, receiver, deployment):
    receiver.answer = b"HTTP/1.1 410 Gone\r\n\r\n"
    key = key_of(deployment, wire.run("count", {"steps": 1}, webhook=URL)["request_id"])

    known = desk.deliver()

    assert known
    assert notices_of(deployment, key) == {"notified_at"}


# --- the deployed function ------------------------------------------------------------------------


def test_a_delivery_in_vain_is_written_down_and_tried_again_after_a_pause(wire, deployment):
    request_id = wire.run("count", {"steps": 1}, webhook=URL)["request_id"]
    key = key_of(deployment, request_id)

    deployment.stack.wait_for(lambda: len(failures_of(deployment, key)) == 2, timeout=PATIENCE)

    failures = failures_of(deployment, key)
    assert {failure["reason"] for failure in failures} == {"no connection, or no HTTP answer"}
    assert [(failure["host"], failure["receives"]) for failure in failures] == [
        (HOST, 1),
        (HOST, 2),
    ]
    assert {failure["reason"] for failure in failures} == {"no connection, or no HTTP answer"}
    assert notices_of(deployment, key) == {"notice_tried_at"}
    assert [line for line in deployment.stack.logs(FUNCTION) if "confidential" in line] == []


def test_what_was_refused_to_the_end_is_a_dead_letter(wire, deployment):
    queue = deployment.stack.physical_id(QUEUE)
    sqs = deployment.stack.client("sqs")
    with deployment.paused(FUNCTION):
        request_id = wire.run("count", {"steps": 1}, webhook=URL)["request_id"]
        key = key_of(deployment, request_id)
        for _ in range(WEBHOOK_RECEIVES - 1):
            sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0, WaitTimeSeconds=20)

    (dead,) = sqs.receive_message(
        QueueUrl=deployment.stack.physical_id(DEAD_LETTERS), WaitTimeSeconds=20
    )["Messages"]

    assert json.loads(dead["Body"])["key"] == key
    deployment.stack.wait_for(lambda: failures_of(deployment, key), timeout=PATIENCE)
    assert [failure["receives"] for failure in failures_of(deployment, key)] == [WEBHOOK_RECEIVES]
