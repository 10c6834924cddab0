"""What a connection shows: tokens, tickets, signatures."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore.credentials import Credentials as Keys

from cdk_streamer_client import HandshakeRefused, StreamerClient, Timing, Unreachable, iam_signer
from tests.clients.fake_server import FakeServer, asynchronous

SOON = Timing(backoff_least=1, backoff_most=2)
PROTOCOLS = "Sec-WebSocket-Protocol"


class Session:
    """What botocore and boto3 call one."""

    def __init__(self, keys: Keys | None, region: str | None = None) -> None:
        self._keys = keys
        self._region = region

    def get_credentials(self) -> Keys | None:
        return self._keys

    def get_config_variable(self, name: str) -> str | None:
        return self._region if name == "region" else None


def client_of(server: FakeServer, **options: Any) -> StreamerClient:
    return StreamerClient(url=server.url, timing=SOON, on_warning=lambda _: None, **options)


@asynchronous
async def test_each_connection_has_a_ticket_of_its_own():
    tickets = iter(["one", "two"])

    async def ticket() -> str:
        return next(tickets)

    async with FakeServer() as server, client_of(server, ticket=ticket) as client:
        peer = await server.accept()
        peer.drop()
        await server.accept()
        shown = [headers[PROTOCOLS] for headers in server.handshakes]
        assert shown == ["streamer.v1, ticket.one", "streamer.v1, ticket.two"]
        assert "Authorization" not in server.handshakes[0]
        assert client is not None


@asynchronous
async def test_a_handshake_is_signed_with_the_keys_of_the_moment():
    session = Session(Keys("AKIDEXAMPLE", "secret", "session"))
    sign = iam_signer(region="eu-central-1", session=session)
    async with FakeServer() as server, client_of(server, sign=sign):
        await server.accept()
        headers = server.handshakes[0]
        scope = f"{headers['X-Amz-Date'][:8]}/eu-central-1/execute-api/aws4_request"
        assert headers["Authorization"].startswith(
            f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, "
            "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
        )
        assert headers["X-Amz-Security-Token"] == "session"
        assert headers[PROTOCOLS] == "streamer.v1"


@pytest.mark.parametrize(
    ("url", "options", "region"),
    [
        ("wss://a1.execute-api.us-east-2.amazonaws.com/p", {}, "us-east-2"),
        ("wss://a1.execute-api.us-east-2.amazonaws.com/p", {"region": "eu-west-3"}, "eu-west-3"),
        ("wss://api.example.com", {}, "eu-north-1"),
    ],
)
def test_the_region_is_that_of_the_api(url: str, options: dict[str, str], region: str):
    sign = iam_signer(session=Session(Keys("a", "b"), "eu-north-1"), **options)
    assert f"/{region}/execute-api/" in sign(url)["Authorization"]


def test_an_unknown_region_is_asked_for():
    with pytest.raises(ValueError, match="use iam_signer"):
        iam_signer(session=Session(Keys("a", "b")))("wss://api.example.com")


@asynchronous
async def test_missing_keys_are_told():
    sign = iam_signer(session=Session(None))
    async with FakeServer() as server:
        with pytest.raises(Unreachable, match="there are no AWS credentials"):
            await client_of(server, sign=sign).__aenter__()


def test_signing_without_botocore_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(ImportError, match="pip install botocore"):
        iam_signer()


@asynchronous
async def test_a_refused_signature_is_tried_once_more():
    sign = iam_signer(region="eu-west-1", session=Session(Keys("a", "b")))
    async with FakeServer() as server:
        server.refusals.extend([403, 403])
        with pytest.raises(HandshakeRefused):
            await client_of(server, sign=sign).__aenter__()
        assert len(server.handshakes) == 2


@pytest.mark.parametrize("options", [{}, {"token": "a", "ticket": lambda: "b"}])
def test_one_way_to_be_let_in_is_needed(options: dict[str, Any]):
    with pytest.raises(ValueError, match="give one of token, ticket and sign"):
        StreamerClient(url="wss://example.com", **options)


def test_a_single_ticket_is_refused():
    ticket: Any = "one"
    with pytest.raises(ValueError, match="a ticket is good for one"):
        StreamerClient(url="wss://example.com", ticket=ticket)
