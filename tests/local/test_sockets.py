"""WebSocket APIs in the engine: who gets in, what is answered, what is closed."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

WORD = {"Authorization": "open sesame"}


def test_a_message_is_answered_through_the_management_api(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("hello")
        answer = json.loads(socket.recv(20))

    assert answer["echo"] == "hello"


def test_the_authorizers_context_reaches_each_message(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("hello")
        answer = json.loads(socket.recv(20))

    assert answer["tenant"] == "acme"


def test_a_message_has_a_trace(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("hello")
        answer = json.loads(socket.recv(20))

    assert answer["trace"].startswith("Root=1-")


def test_messages_of_one_connection_have_a_worker_each(echo, tmp_path):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        for _ in range(3):
            socket.send(f"meet:{tmp_path}")
        answers = [json.loads(socket.recv(30)) for _ in range(3)]

    assert len({answer["worker"] for answer in answers}) == 3


def test_what_a_function_returns_is_not_sent(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("return")
        socket.send("hello")
        answer = json.loads(socket.recv(20))

    assert answer["echo"] == "hello"


def test_what_a_function_raises_is_hidden_from_the_client(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("raise")
        answer = json.loads(socket.recv(20))

    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Internal server error"


def test_how_a_worker_ended_is_hidden_from_the_client(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("exit")
        answer = json.loads(socket.recv(20))

    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Internal server error"


def test_who_is_denied_does_not_connect(echo):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(echo.socket_url(), ssl=echo.tls),
    ):
        pass

    assert refused.value.response.status_code == 403


def test_the_subprotocol_is_what_the_function_behind_connect_says(echo):
    offered = [Subprotocol("streamer.v1"), Subprotocol("bearer.token")]
    with connect(
        echo.socket_url(), ssl=echo.tls, additional_headers=WORD, subprotocols=offered
    ) as socket:
        assert socket.subprotocol == "streamer.v1"


def test_nothing_is_echoed_when_nothing_was_offered(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        assert socket.subprotocol is None


def test_a_message_beyond_the_platforms_limit_closes_the_socket(echo):
    with connect(echo.socket_url(), ssl=echo.tls, additional_headers=WORD) as socket:
        socket.send("x" * (128 * 1024 + 1))
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_outputs_have_addresses_of_this_machine(echo):
    api = echo.physical_id("Socket")
    host = echo.socket_url().removeprefix("wss://").partition("/")[0]

    assert echo.outputs["Url"] == f"wss://{host}/_aws/execute-api/{api}/live"
    assert echo.outputs["Callback"] == f"https://{host}/_aws/execute-api/{api}/live"
    assert echo.socket_url("Echo/Socket") == echo.outputs["Url"]
    assert echo.plain_socket_url() == f"ws://{host}/_aws/execute-api/{api}/live"
