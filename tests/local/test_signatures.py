"""Callers who sign with AWS credentials, against the engine's own users and policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from cdk_streamer_client import iam_signer
from cdk_streamer_local import LocalStack

API = "Signed"
REGION = "us-east-1"
PATIENCE = 30


class Signed:
    """An app whose callers sign, and users to sign for."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.url = stack.socket_url(API)
        self.iam = stack.client("iam")
        self.users: dict[str, tuple[str, Credentials]] = {}

    def add_user(self, name: str, *, may_call: bool = True) -> None:
        user_id = self.iam.create_user(UserName=name)["User"]["UserId"]
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.users[name] = (user_id, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        statement = {
            "Effect": "Allow" if may_call else "Deny",
            "Action": "execute-api:Invoke",
            "Resource": [
                "arn:aws:execute-api:*:*:*/live/$connect",
                "arn:aws:execute-api:*:*:*/$default/*",
            ],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.put_user_policy(UserName=name, PolicyName="connect", PolicyDocument=policy)

    def headers(self, name: str) -> dict[str, str]:
        """Sign as the Python client does."""
        _, credentials = self.users[name]
        session = Session()
        session.set_credentials(credentials.access_key, credentials.secret_key)
        return dict(iam_signer(region=REGION, session=session)(self.url))

    def post(self, name: str | None, action: str) -> tuple[int, dict[str, Any]]:
        """Ask over HTTP, signed for a user or not at all, and give status and document."""
        url, body = f"{self.stack.http_url(API)}/requests", json.dumps({"action": action}).encode()
        kind = {"Content-Type": "application/json"}
        request = AWSRequest("POST", url, data=body, headers=kind)
        if name is not None:
            SigV4Auth(self.users[name][1], "execute-api", REGION).add_auth(request)
        asked = Request(url, body, dict(request.headers.items()), method="POST")
        try:
            with urlopen(asked, timeout=PATIENCE, context=self.stack.tls) as answer:
                return answer.status, json.load(answer)
        except HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def address(self, name: str) -> str:
        """Sign as a browser has to."""
        _, credentials = self.users[name]
        request = AWSRequest("GET", self.url.replace("wss://", "https://"))
        SigV4QueryAuth(credentials, "execute-api", REGION, expires=60).add_auth(request)
        return str(request.url).replace("https://", "wss://")

    @contextmanager
    def open(self, url: str, headers: dict[str, str] | None = None) -> Iterator[Any]:
        with connect(
            url,
            ssl=self.stack.tls,
            proxy=None,
            additional_headers=headers,
            subprotocols=[Subprotocol("streamer.v1")],
            open_timeout=PATIENCE,
        ) as opened:
            yield opened

    def refused(self, url: str, headers: dict[str, str] | None = None) -> int:
        with pytest.raises(InvalidStatus) as refused, self.open(url, headers):
            pass
        return refused.value.response.status_code


def ask(socket: Any, action: str) -> dict[str, Any]:
    socket.send(json.dumps({"action": action, "id": "1"}))
    return json.loads(socket.recv(PATIENCE))


@pytest.fixture(scope="module")
def signed(callers: LocalStack) -> Signed:
    app = Signed(callers)
    app.add_user("writer")
    app.add_user("reader")
    app.add_user("stranger", may_call=False)
    return app


@pytest.mark.parametrize("name", ["writer", "reader"])
def test_who_signs_is_known_by_account_and_id(signed: Signed, name: str):
    user_id, _ = signed.users[name]

    with signed.open(signed.url, signed.headers(name)) as socket:
        assert ask(socket, "whoami")["data"] == {"tenant": "000000000000", "owner": user_id}


def test_a_signature_may_be_in_the_address(signed: Signed):
    user_id, _ = signed.users["reader"]

    with signed.open(signed.address("reader")) as socket:
        assert ask(socket, "whoami")["data"]["owner"] == user_id


def test_scopes_are_those_of_the_user(signed: Signed):
    with signed.open(signed.url, signed.headers("writer")) as socket:
        assert ask(socket, "write")["data"] == "written"
    with signed.open(signed.url, signed.headers("reader")) as socket:
        assert ask(socket, "write")["error"]["code"] == "FORBIDDEN"


def test_nobody_comes_in_without_a_signature(signed: Signed):
    assert signed.refused(signed.url) == 403


def test_nobody_comes_in_whom_iam_does_not_let(signed: Signed):
    assert signed.refused(signed.url, signed.headers("stranger")) == 403


def test_nobody_comes_in_with_a_signature_of_something_else(signed: Signed):
    headers = signed.headers("writer")
    headers["Authorization"] = headers["Authorization"][:-4] + "0000"

    assert signed.refused(signed.url, headers) == 403


# --- over HTTP ------------------------------------------------------------------------------------


def test_over_http_the_same_caller_is_known(signed: Signed):
    status, document = signed.post("reader", "whoami")

    assert (status, document["data"]["owner"]) == (200, signed.users["reader"][0])


def test_over_http_scopes_are_those_of_the_user_too(signed: Signed):
    assert signed.post("writer", "write")[0] == 200
    assert signed.post("reader", "write")[1]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("name", [None, "stranger"])
def test_over_http_nobody_else_is_answered(signed: Signed, name: str | None):
    assert signed.post(name, "whoami")[0] == 403
