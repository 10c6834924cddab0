"""The authorizer that docs/auth.md shows, in front of both APIs."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cdk_streamer_local import LocalStack

API = "Guarded"
PATIENCE = 30


def headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"X-Api-Key": key}


def over_socket(callers: LocalStack, key: str | None) -> Any:
    """Give what `report` answers, or the status of a handshake that failed."""
    try:
        with connect(
            callers.socket_url(API),
            ssl=callers.tls,
            proxy=None,
            additional_headers=headers(key),
            open_timeout=PATIENCE,
        ) as socket:
            socket.send('{"action":"report","id":"1"}')
            return json.loads(socket.recv(PATIENCE))["data"]
    except InvalidStatus as refused:
        return refused.response.status_code


def over_http(callers: LocalStack, key: str | None) -> Any:
    """Give what `report` answers, or the status of a refusal."""
    request = Request(
        f"{callers.http_url(API)}/requests",
        b'{"action":"report"}',
        {"Content-Type": "application/json", **headers(key)},
        method="POST",
    )
    try:
        with urlopen(request, timeout=PATIENCE, context=callers.tls) as answer:
            return json.load(answer)["data"]
    except HTTPError as refused:
        with refused:
            return refused.code


@pytest.mark.parametrize("ask", [over_socket, over_http])
def test_whom_it_names_is_the_caller(callers: LocalStack, ask: Any):
    assert ask(callers, "a key") == {"tenant": "acme", "owner": "importer"}


@pytest.mark.parametrize(
    ("ask", "key", "status"),
    [
        (over_socket, "another key", 403),
        (over_http, "another key", 403),
        (over_socket, None, 403),
        (over_http, None, 401),
        (over_socket, "a nameless key", 403),
        (over_http, "a nameless key", 401),
    ],
)
def test_nobody_else_comes_in(callers: LocalStack, ask: Any, key: str | None, status: int):
    assert ask(callers, key) == status


def test_there_are_no_tickets(callers: LocalStack):
    request = Request(f"{callers.http_url(API)}/tickets", headers=headers("a key"), method="POST")

    with pytest.raises(HTTPError) as refused:
        urlopen(request, timeout=PATIENCE, context=callers.tls)
    with refused.value:
        assert refused.value.code == 404
