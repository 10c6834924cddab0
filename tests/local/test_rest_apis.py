"""REST APIs whose callers sign, as the engine runs them."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Key

from cdk_streamer_local import LocalStack
from cdk_streamer_local.cloud.users import Credentials

PATIENCE = 30
REGION = "us-east-1"

Answer = tuple[int, dict[str, Any]]


def ask(
    echo: LocalStack,
    user: Credentials | None,
    path: str,
    *,
    messages: list[dict[str, Any]] | None = None,
    forged: bool = False,
) -> Answer:
    """Call the API, signed for a user or not at all; gives status and document."""
    method, body = ("GET", b"") if messages is None else ("POST", json.dumps(messages).encode())
    request = AWSRequest(method, f"{echo.rest_url()}{path}", data=body)
    if user is not None:
        key = Key(user.access_key, "another" if forged else user.secret_key)
        SigV4Auth(key, "execute-api", REGION).add_auth(request)
    headers = dict(request.headers.items())
    asked = Request(str(request.url), body or None, headers, method=method)
    try:
        with urlopen(asked, timeout=PATIENCE, context=echo.tls) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


@pytest.fixture(scope="module")
def caller(echo: LocalStack) -> Credentials:
    return echo.credentials("caller", resources=["arn:aws:execute-api:*:*:*/v1/*/things*"])


def test_the_address_is_that_of_the_stage(echo):
    assert f"{echo.rest_url()}/" == echo.outputs["RestUrl"]
    assert echo.rest_url("RestApi").startswith(f"{echo.endpoint}/_aws/execute-api/")


def test_a_signed_call_reaches_the_function_with_its_caller(echo, caller):
    status, event = ask(echo, caller, "/things/one")

    identity = event["requestContext"]["identity"]
    assert (status, event["resource"]) == (200, "/things/{id}")
    assert identity["userArn"] == "arn:aws:iam::000000000000:user/caller"
    assert identity["caller"] == caller.user_id


@pytest.mark.parametrize("path", ["/things/a:b~c.d", "/things/a%3Ab~c.d"])
def test_an_id_may_be_percent_encoded(echo, caller, path):
    _, event = ask(echo, caller, path)

    assert event["pathParameters"] == {"id": "a:b~c.d"}


@pytest.mark.parametrize("path", ["/things:batch", "/things%3Abatch"])
def test_a_resource_may_have_a_colon(echo, caller, path):
    status, event = ask(echo, caller, path, messages=[{"key": "colon"}])

    assert (status, event["resource"]) == (200, "/things:batch")


def test_who_does_not_sign_is_refused(echo):
    assert ask(echo, None, "/things/one")[0] == 403


def test_who_forges_a_signature_is_refused(echo, caller):
    assert ask(echo, caller, "/things/one", forged=True)[0] == 403


def test_whom_nobody_knows_is_refused(echo):
    nobody = Credentials(user="no", user_id="no", access_key="AKIANOBODY", secret_key="no")

    assert ask(echo, nobody, "/things/one")[0] == 403


def test_who_may_do_nothing_is_refused(echo):
    assert ask(echo, echo.credentials("guest", actions=()), "/things/one")[0] == 403


def test_who_may_call_something_else_is_refused(echo):
    other = echo.credentials("other", resources=["arn:aws:execute-api:*:*:*/v1/*/others*"])

    assert ask(echo, other, "/things/one")[0] == 403


def test_messages_come_after_their_delay_and_with_their_attributes(echo, caller):
    ask(echo, caller, "/things:batch", messages=[{"key": "late", "delay": 2}])

    fired = json.loads(echo.wait_for_log("Fire", '"late"', timeout=PATIENCE))

    assert fired["kind"] == "String"
    assert 2 <= fired["after"] < PATIENCE


def test_of_a_batch_only_the_refused_message_is_dead(echo, caller):
    ask(
        echo,
        caller,
        "/things:batch",
        messages=[{"key": "bad", "refuse": True}, {"key": "good"}],
    )
    client = echo.client("sqs")
    echo.wait_for_log("Fire", '"good"', timeout=PATIENCE)

    def dead() -> list[dict[str, Any]]:
        return client.receive_message(
            QueueUrl=echo.outputs["DeadUrl"], WaitTimeSeconds=20, MessageAttributeNames=["All"]
        ).get("Messages", [])

    (message,) = dead() or dead()
    assert message["MessageAttributes"]["key"]["StringValue"] == "bad"
