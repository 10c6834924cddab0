"""What is on the wire is what was signed, however a service reads the path."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

import pytest
from botocore.credentials import Credentials
from hypothesis import given, settings, strategies as st

from cdk_streamer_client import BatchFailed, Every, PutTimer, TimerClient
from cdk_streamer_client.credentials import NoCredentials
from tests.clients.timers.http_server import HttpServer, Received, http_server

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-west-1"
IDS = st.from_regex(r"[A-Za-z0-9._~:-]{1,128}", fullmatch=True).filter(
    lambda id: id not in {".", ".."}
)


class Session:
    """What botocore and boto3 call one."""

    def __init__(self, token: str | None = "session/+=") -> None:
        self._token = token

    def get_credentials(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", SECRET, self._token)

    def get_config_variable(self, name: str) -> str | None:
        return {"region": None}[name]


class Nobody:
    def get_credentials(self):
        return None


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@pytest.fixture(scope="module")
def client(server: HttpServer) -> Iterator[TimerClient]:
    with TimerClient(server.url, session=Session(), region=REGION) as client:
        yield client


def signature_of(request: Received, path: str) -> str:
    """Compute a signature as the service does, from what it received; `path` is its reading."""
    shown = dict(
        part.strip().split("=", 1)
        for part in request.headers["authorization"].partition(" ")[2].split(",")
    )
    query = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    pairs = sorted((quote(name, safe="~"), quote(text, safe="~")) for name, text in query)
    canonical = [
        request.method,
        quote(path, safe="/~"),
        "&".join(f"{name}={text}" for name, text in pairs),
        *(f"{name}:{request.headers[name].strip()}" for name in shown["SignedHeaders"].split(";")),
        "",
        shown["SignedHeaders"],
        hashlib.sha256(request.body).hexdigest(),
    ]
    scope = shown["Credential"].partition("/")[2]
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.headers["x-amz-date"],
            scope,
            hashlib.sha256("\n".join(canonical).encode()).hexdigest(),
        ]
    )
    key = f"AWS4{SECRET}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    return "ok" if shown["Signature"] == key.hex() else f"{shown['Signature']} is not {key.hex()}"


def readings(request: Received) -> list[str]:
    """Give what services take for the path: as it was sent, and with its escapes resolved."""
    path = request.target.partition("?")[0]
    return [path, unquote(path)]


@settings(max_examples=60, deadline=None)
@given(id=IDS, data=st.text())
def test_every_id_and_body_is_signed_as_it_is_sent(
    server: HttpServer, client: TimerClient, id: str, data: str
):
    client.delete(id)
    sent = PutTimer(id=id, schedule=Every(minutes=5), data=data).document()
    with suppress(BatchFailed):  # the server answers nothing that makes sense
        client.batch([PutTimer(id=id, schedule=Every(minutes=5), data=data)])

    deleted, put = server.received[-2:]
    assert [signature_of(deleted, path) for path in readings(deleted)] == ["ok", "ok"]
    assert [signature_of(put, path) for path in readings(put)] == ["ok", "ok"]
    assert deleted.target == f"/prod/periodic/{id}"
    assert json.loads(put.body) == {"entries": [{"id": id, "put": sent}]}


@settings(max_examples=60, deadline=None)
@given(owner=st.text(st.characters(codec="utf-8"), min_size=1, max_size=128))
def test_every_query_is_signed_as_it_is_sent(server: HttpServer, client: TimerClient, owner: str):
    assert list(client.list(owner=owner, page_size=7)) == []

    request = server.received[-1]
    assert [signature_of(request, path) for path in readings(request)] == ["ok", "ok"]
    query = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    assert query == [("owner", owner), ("limit", "7")]


def test_moments_in_a_query_are_signed_as_they_are_sent(server: HttpServer, client: TimerClient):
    client.occurrences("a:b~c", start=datetime(2026, 12, 1, 9, tzinfo=UTC))

    request = server.received[-1]
    assert signature_of(request, "/prod/periodic/a:b~c/occurrences") == "ok"
    assert request.target.endswith("?from=2026-12-01T09%3A00%3A00Z&n=10")


def test_preconditions_are_signed_too(server: HttpServer, client: TimerClient):
    client.delete("a", if_match='"7"')

    request = server.received[-1]
    assert signature_of(request, "/prod/periodic/a") == "ok"
    assert "if-match" in request.headers["authorization"]


def test_a_changed_request_has_another_signature(server: HttpServer, client: TimerClient):
    client.delete("a")

    assert signature_of(server.received[-1], "/prod/periodic/b") != "ok"


def test_temporary_credentials_show_their_token(server: HttpServer, client: TimerClient):
    client.delete("a")

    assert server.received[-1].headers["x-amz-security-token"] == "session/+="


def test_a_token_takes_the_place_of_a_signature(server: HttpServer):
    tokens = iter(["one", "two"])
    with TimerClient(server.url, token=lambda: next(tokens)) as client:
        client.delete("a")
        client.delete("a")

    shown = [request.headers["authorization"] for request in server.received[-2:]]
    assert shown == ["Bearer one", "Bearer two"]


def test_missing_credentials_are_told(server: HttpServer):
    with (
        TimerClient(server.url, session=Nobody(), region=REGION) as client,
        pytest.raises(NoCredentials, match="there are no AWS credentials"),
    ):
        client.get("a")


def test_an_unknown_region_is_asked_for(server: HttpServer):
    with (
        TimerClient(server.url, session=Session()) as client,
        pytest.raises(NoCredentials, match="give region="),
    ):
        client.get("a")
