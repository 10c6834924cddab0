"""The management API, by real calls about real connections."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosed

from cdk_streamer_local.engine.port import HOST
from cdk_streamer_local.gateway.connection import BUFFER_BYTES
from cdk_streamer_local.gateway.connections import Connections
from cdk_streamer_local.gateway.losses import Losses
from cdk_streamer_local.gateway.management import BUSY, REQUESTS_AT_ONCE, TOO_LARGE, Management
from cdk_streamer_local.gateway.request import Request
from cdk_streamer_local.pollers.chaos import CALM
from tests.local.gateway.calls import Caller, told
from tests.local.gateway.engine import Event, api, ok
from tests.local.gateway.running import Running

LIMIT = 131_072  # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html

FIRST = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture
def caller(gateway: Running) -> Caller:
    return Caller(gateway=gateway)


def own_id(gateway: Running, function: str = "talk") -> str:
    """Give the id of the connection that was made last."""
    return gateway.engine.events(function, "CONNECT")[-1]["requestContext"]["connectionId"]


# --- posts


def test_a_post_reaches_the_client_as_text(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        answer = caller.post(own_id(gateway), "hällo".encode())
        assert client.recv(10) == "hällo"

    assert (answer.status, answer.body) == (200, b"")


def test_posts_arrive_in_their_order(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        name = own_id(gateway)
        with closing(http.client.HTTPConnection(HOST, gateway.port, timeout=10)) as wire:
            for number in range(50):
                caller.over(wire, "POST", name, str(number).encode())
        heard = [client.recv(10) for _ in range(50)]

    assert heard == [str(number) for number in range(50)]


def test_a_post_of_the_limit_is_taken_counted_in_bytes(gateway: Running, caller: Caller):
    text = "ä" * (LIMIT // 2)
    with gateway.connect(max_size=None) as client:
        answer = caller.post(own_id(gateway), text.encode())
        assert client.recv(10) == text

    assert answer.status == 200


def test_a_large_post_travels_in_frames_of_the_limit(gateway: Running, caller: Caller):
    with gateway.connect(max_size=None) as client:
        caller.post(own_id(gateway), b"x" * LIMIT)
        frames = list(client.recv_streaming())

    assert [len(frame) for frame in frames] == [32 * 1024] * 4


def test_a_post_above_the_limit_is_too_large(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        answer = caller.post(own_id(gateway), b"x" * (LIMIT + 1))
        caller.post(own_id(gateway), b"next")
        assert client.recv(10) == "next"

    assert (answer.status, answer.error) == (413, "PayloadTooLargeException")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"caf\xe9!", "caf\ufffd!"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\xe2\x82", "\ufffd"),
        (b"\xed\xa0\x80!", "\ufffd!"),  # an encoded surrogate
        (b"\xed\xa0", "\ufffd"),
    ],
)
def test_what_is_no_utf8_is_replaced(gateway: Running, caller: Caller, body: bytes, text: str):
    with gateway.connect() as client:
        caller.post(own_id(gateway), body)
        assert client.recv(10) == text


def test_a_post_is_taken_over_tls_too(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        path = caller.path(own_id(gateway))
        wire = http.client.HTTPSConnection(HOST, gateway.port, timeout=10, context=gateway.tls)
        with closing(wire):
            wire.request("POST", path, b"safe", caller.signed("POST", path, b"safe"))
            answer = told(wire.getresponse())
        assert client.recv(10) == "safe"

    assert answer.status == 200


# --- who is gone


def test_a_post_to_nobody_is_gone(caller: Caller):
    answer = caller.post("nobody=")

    assert (answer.status, answer.error) == (410, "GoneException")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nobody_can_be_neither_looked_at_nor_closed(caller: Caller, method: str):
    answer = caller.call(method, "nobody=")

    assert (answer.status, answer.error) == (410, "GoneException")


def test_a_post_to_who_left_is_gone(gateway: Running, caller: Caller):
    with gateway.connect():
        name = own_id(gateway)
    gateway.engine.wait_for(lambda: ended(gateway, name))

    assert caller.post(name).status == 410


def test_a_post_to_a_connection_of_another_api_is_gone(gateway: Running):
    gateway.engine.apis["other"] = api({"$default": "talk"})
    with gateway.connect():
        answer = Caller(gateway=gateway, name="other").post(own_id(gateway))

    assert answer.status == 410


def test_a_post_to_a_connection_of_another_stage_is_gone(gateway: Running):
    with gateway.connect():
        answer = Caller(gateway=gateway, stage="dev").post(own_id(gateway))

    assert answer.status == 410


def test_a_post_during_connect_is_gone_and_does_no_harm(gateway: Running, caller: Caller):
    statuses: list[int] = []

    def greet(event: Event) -> object:
        if event["requestContext"]["eventType"] == "CONNECT":
            statuses.append(
                Caller(gateway=gateway, name="early")
                .post(event["requestContext"]["connectionId"])
                .status
            )
        return ok(event)

    gateway.engine.functions["greet"] = greet
    gateway.engine.apis["early"] = api({"$connect": "greet", "$default": "greet"})
    with gateway.connect("early") as client:
        name = own_id(gateway, "greet")
        Caller(gateway=gateway, name="early").post(name, b"now")
        assert client.recv(10) == "now"

    assert statuses == [410]


def ended(gateway: Running, connection: str) -> bool:
    return connection in {
        event["requestContext"]["connectionId"]
        for event in gateway.engine.events("talk", "DISCONNECT")
    }


# --- a connection is looked at and closed


def test_a_connection_can_be_looked_at(gateway: Running, caller: Caller):
    before = datetime.now(UTC).replace(microsecond=0)
    with gateway.connect(user_agent_header="a test") as client:
        client.send("hello")
        client.ping().wait(10)
        seen = caller.get(own_id(gateway))

    assert seen.status == 200
    assert seen.document.keys() == {"connectedAt", "identity", "lastActiveAt"}
    assert seen.document["identity"] == {"sourceIp": HOST, "userAgent": "a test"}
    moments = [seen.document["connectedAt"], seen.document["lastActiveAt"]]
    assert all(moment.endswith("Z") for moment in moments)
    first, last = map(datetime.fromisoformat, moments)
    assert before <= first <= last <= datetime.now(UTC)


def test_a_connection_can_be_closed(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        name = own_id(gateway)
        answer = caller.delete(name)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(10)
        gateway.engine.wait_for(lambda: ended(gateway, name))

    assert (answer.status, answer.body) == (204, b"")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert [caller.call(method, name).status for method in ("POST", "GET", "DELETE")] == [410] * 3


def test_another_method_is_forbidden(gateway: Running, caller: Caller):
    with gateway.connect():
        assert caller.call("PUT", own_id(gateway)).status == 403


# --- who does not read


def test_who_does_not_read_is_busy_and_harms_nobody_else(gateway: Running, caller: Caller):
    with closing(silent(gateway)), gateway.connect() as lively:
        deaf, name = [
            event["requestContext"]["connectionId"]
            for event in gateway.engine.events("talk", "CONNECT")[-2:]
        ]
        full = first_refusal(caller, deaf)
        caller.post(name, b"still here")
        assert lively.recv(10) == "still here"

    assert (full.status, full.error) == (429, "LimitExceededException")


def silent(gateway: Running) -> socket.socket:
    """Connect, and never read."""
    wire = socket.create_connection((HOST, gateway.port), 10)
    wire.sendall(
        b"GET /_aws/execute-api/chat/live HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert wire.recv(12) == b"HTTP/1.1 101"
    return wire


def first_refusal(caller: Caller, connection: str):
    # Beyond ours there are the kernel's own buffers, of some megabytes.
    body = b"x" * LIMIT
    for _ in range(64 + BUFFER_BYTES // LIMIT):
        answer = caller.post(connection, body)
        if answer.status != 200:
            return answer
    raise AssertionError("all of it was taken")


def test_more_calls_than_an_account_may_make_are_busy():
    async def ask(question: Mapping[str, object]) -> Mapping[str, object]:
        return question

    losses = Losses(CALM, print)
    management = Management(Connections(), ask, losses=losses, secret="", clock=lambda: 0.0)
    path = "/_aws/execute-api/chat/live/@connections/nobody"
    request = Request("POST", path, "", [], b"", is_too_large=True)
    answers = [management.handle(request) for _ in range(REQUESTS_AT_ONCE + 2)]

    assert answers == [TOO_LARGE] * REQUESTS_AT_ONCE + [BUSY] * 2


# --- HTTP


def test_many_calls_at_once_are_answered_in_their_order(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        path = caller.path(own_id(gateway))
        there, nobody = raw(caller, "POST", path, b"1"), raw(caller, "POST", path[:-4], b"2")
        with socket.create_connection((HOST, gateway.port), 10) as wire:
            wire.sendall(there + nobody + there)
            assert statuses(wire, 3) == [200, 410, 200]
        assert [client.recv(10), client.recv(10)] == ["1", "1"]


def test_a_call_may_come_in_pieces(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        whole = raw(caller, "POST", caller.path(own_id(gateway)), b"in pieces")
        with socket.create_connection((HOST, gateway.port), 10) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in whole:
                wire.sendall(bytes([byte]))
            assert statuses(wire, 1) == [200]
        assert client.recv(10) == "in pieces"


def test_a_body_may_come_in_chunks(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        path = caller.path(own_id(gateway))
        with closing(http.client.HTTPConnection(HOST, gateway.port, timeout=10)) as wire:
            headers = caller.signed("POST", path, b"in chunks")
            pieces = iter([b"in ", b"chunks"])
            wire.request("POST", path, pieces, headers, encode_chunked=True)
            assert told(wire.getresponse()).status == 200
        assert client.recv(10) == "in chunks"


def test_who_asks_before_a_body_is_told_to_go_on(gateway: Running, caller: Caller):
    with gateway.connect():
        path = caller.path(own_id(gateway))
        asking = Caller(gateway=gateway, headers={"expect": "100-continue"})
        head, _, body = raw(asking, "POST", path, b"polite").partition(b"\r\n\r\n")
        with socket.create_connection((HOST, gateway.port), 10) as wire:
            wire.sendall(head + b"\r\n\r\n")
            assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            wire.sendall(body)
            assert statuses(wire, 1) == [200]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"POST / HTTP/9.9\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
        # What only a first call may ask, and a head without an end.
        FIRST + b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        FIRST + b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_bad_request_and_the_end(gateway: Running, nonsense: bytes):
    with socket.create_connection((HOST, gateway.port), 10) as wire:
        wire.sendall(nonsense)
        answer = b"".join(iter(lambda: wire.recv(4096), b""))

    assert b"HTTP/1.1 400 " in answer
    assert b"connection: close" in answer


def test_who_wants_no_more_is_let_go(gateway: Running, caller: Caller):
    closing_caller = Caller(gateway=gateway, headers={"connection": "close"})
    with socket.create_connection((HOST, gateway.port), 10) as wire:
        wire.sendall(raw(closing_caller, "GET", caller.path("nobody="), b""))
        answer = b"".join(iter(lambda: wire.recv(4096), b""))

    assert b"connection: close" in answer


@pytest.mark.parametrize("path", ["/", "/_aws/execute-api/chat", "/_aws/execute-api/chat/live"])
def test_what_is_no_call_is_forbidden(gateway: Running, path: str):
    with closing(http.client.HTTPConnection(HOST, gateway.port, timeout=10)) as wire:
        wire.request("GET", path)
        answer = told(wire.getresponse())

    assert (answer.status, answer.document) == (403, {"message": "Forbidden"})


def test_callers_that_leave_at_any_moment_harm_nobody(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        whole = raw(caller, "POST", caller.path(own_id(gateway)), b"cut")
        for length in range(0, len(whole), 40):
            with socket.create_connection((HOST, gateway.port), 10) as wire:
                wire.sendall(whole[:length])
        caller.post(own_id(gateway), b"after")
        assert client.recv(10) == "after"


def test_calls_of_many_threads_all_arrive(gateway: Running, caller: Caller):
    with gateway.connect() as client:
        name = own_id(gateway)
        posters = [
            threading.Thread(target=caller.post, args=(name, str(number).encode()))
            for number in range(20)
        ]
        for poster in posters:
            poster.start()
        heard = sorted(int(client.recv(10)) for _ in posters)
        for poster in posters:
            poster.join()

    assert heard == list(range(20))


def raw(caller: Caller, method: str, path: str, body: bytes) -> bytes:
    headers = caller.signed(method, path, body) | {"content-length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def statuses(wire: socket.socket, count: int) -> list[int]:
    """Give the statuses of so many answers without a body."""
    read = b""
    while read.count(b"\r\n\r\n") < count:
        piece = wire.recv(4096)
        assert piece, read
        read += piece
    return [int(answer[9:12]) for answer in read.split(b"\r\n\r\n")[:count]]


def test_a_call_before_nonsense_is_answered_first(gateway: Running, caller: Caller):
    with socket.create_connection((HOST, gateway.port), 10) as wire:
        wire.sendall(raw(caller, "GET", caller.path("nobody="), b"") + b"NONSENSE\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(4096), b""))

    assert [line[9:12] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")] == [
        b"410",
        b"400",
    ]


def test_an_answer_to_head_is_not_taken_for_the_next_one(gateway: Running):
    with socket.create_connection((HOST, gateway.port), 10) as wire:
        wire.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        answer = b"".join(iter(lambda: wire.recv(4096), b""))

    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer
