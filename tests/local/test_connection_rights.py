"""Who may manage connections of a WebSocket API, as the engine judges and SDKs ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

WORD = {"Authorization": "open sesame"}
MANAGE = "execute-api:ManageConnections"


@pytest.fixture
def client(echo) -> Iterator[ClientConnection]:
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as client:
        yield client


@pytest.fixture
def connection(echo, client) -> str:
    """Give the id of the client's connection, which the function's log tells."""
    seen = len(echo.logs("Talk"))
    client.send("who am I")
    client.recv(20)
    echo.wait_for(lambda: any("answered" in line for line in echo.logs("Talk")[seen:]))
    line = next(line for line in echo.logs("Talk")[seen:] if "answered" in line)
    return json.loads(line)["connection"]


@pytest.fixture
def arn(echo) -> str:
    """Give what all connections of the stage are called in policies."""
    return f"arn:aws:execute-api:us-east-1:000000000000:{echo.physical_id('Socket')}/live"


def management(echo, user: str, resource: str, *, secret: str | None = None, tls=True) -> Any:
    """Give a client of a user who may do this."""
    key = echo.credentials(user, actions=[MANAGE], resources=[resource])
    address = echo.socket_url() if tls else echo.plain_socket_url()
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=address.replace("ws", "http", 1),
        verify=echo.ca_bundle,
        region_name="us-east-1",
        aws_access_key_id=key.access_key,
        aws_secret_access_key=secret or key.secret_key,
    )


def refusal(call, **parameters: object) -> tuple[int, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def posting(client: Any, connection: str) -> None:
    """Post until it is refused, for no more than some seconds."""
    began = time.monotonic()
    while time.monotonic() - began < 20:
        client.post_to_connection(ConnectionId=connection, Data=b"x")


@pytest.mark.parametrize("tls", [True, False])
def test_who_may_post_is_heard(echo, client, connection, arn, tls):
    management(echo, "poster", f"{arn}/POST/@connections/*", tls=tls).post_to_connection(
        ConnectionId=connection, Data=b"from outside"
    )

    assert client.recv(20) == "from outside"


def test_who_may_post_may_not_look_or_close(echo, connection, arn):
    poster = management(echo, "poster", f"{arn}/POST/@connections/*")

    assert refusal(poster.get_connection, ConnectionId=connection)[0] == 403
    assert refusal(poster.delete_connection, ConnectionId=connection)[0] == 403


def test_who_may_post_to_another_stage_is_refused(echo, connection, arn):
    stranger = management(echo, "stranger", f"{arn}-other/POST/@connections/*")

    assert refusal(stranger.post_to_connection, ConnectionId=connection, Data=b"x")[0] == 403


def test_a_wrong_secret_is_refused_beside_the_right_one(echo, connection, arn):
    right = management(echo, "poster", f"{arn}/POST/@connections/*")
    wrong = management(echo, "poster", f"{arn}/POST/@connections/*", secret="guessed")
    right.post_to_connection(ConnectionId=connection, Data=b"x")

    assert refusal(wrong.post_to_connection, ConnectionId=connection, Data=b"x")[0] == 403


def test_a_right_that_is_taken_away_ends_within_seconds(echo, connection, arn):
    poster = management(echo, "leaver", f"{arn}/POST/@connections/*")
    poster.post_to_connection(ConnectionId=connection, Data=b"x")
    echo.credentials("leaver", actions=["s3:ListBucket"])

    assert refusal(posting, client=poster, connection=connection)[0] == 403


def test_a_connection_is_seen_and_closed_by_an_sdk(echo, client, connection, arn):
    closer = management(echo, "closer", f"{arn}/*/@connections/*")
    seen = closer.get_connection(ConnectionId=connection)
    closer.delete_connection(ConnectionId=connection)
    with pytest.raises(ConnectionClosed):
        client.recv(20)

    assert seen["Identity"].keys() == {"SourceIp", "UserAgent"}
    assert seen["ConnectedAt"] <= seen["LastActiveAt"]
    assert refusal(closer.get_connection, ConnectionId=connection) == (410, "GoneException")


def test_an_sdk_is_told_that_a_post_is_too_large(echo, connection, arn):
    poster = management(echo, "poster", f"{arn}/POST/@connections/*")
    told = refusal(poster.post_to_connection, ConnectionId=connection, Data=b"x" * (128 * 1024 + 1))

    assert told == (413, "PayloadTooLargeException")
