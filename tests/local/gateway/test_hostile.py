"""Clients that do not behave: malformed handshakes, wrong frames, silence; an engine that dies."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode

from tests.local.gateway.engine import api
from tests.local.gateway.running import Running

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}
PATH = "/_aws/execute-api/chat/live"


def head(path: str = PATH, method: str = "GET", **changed: str | None) -> bytes:
    """Write a handshake; a header that is None is left out."""
    headers = {**HANDSHAKE, **{name.replace("_", "-"): text for name, text in changed.items()}}
    lines = [f"{name}: {text}" for name, text in headers.items() if text is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


@contextlib.contextmanager
def arrived(gateway: Running) -> Iterator[socket.socket]:
    with socket.socket() as arrival:
        arrival.settimeout(10)
        arrival.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # soon full
        arrival.connect(("127.0.0.1", gateway.port))
        yield arrival


@contextlib.contextmanager
def opened(gateway: Running, path: str = PATH) -> Iterator[socket.socket]:
    with arrived(gateway) as arrival:
        arrival.sendall(head(path))
        assert read_head(arrival).startswith(b"HTTP/1.1 101 ")
        yield arrival


def read_head(arrival: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += arrival.recv(1) or b"\r\n\r\n"
    return read


def rest(arrival: socket.socket) -> bytes:
    """Read until the end, however it comes."""
    read = b""
    with contextlib.suppress(ConnectionResetError):
        while data := arrival.recv(65536):
            read += data
    return read


def frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def close_code(arrival: socket.socket) -> int:
    """Give the code of the close frame that comes, whatever comes before it."""
    read = rest(arrival)
    at = read.rindex(b"\x88")
    return struct.unpack("!H", read[at + 2 : at + 4])[0]


def send_for_ever(arrival: socket.socket, data: bytes) -> None:
    while True:
        arrival.sendall(data)


def works(gateway: Running) -> bool:
    """Tell whether others are still served."""
    with gateway.connect() as other:
        return other.ping().wait(10)


@pytest.mark.parametrize(
    "sent",
    [
        head(Sec_WebSocket_Key=None),
        head(Sec_WebSocket_Key="short"),
        head(Sec_WebSocket_Key="x" * 24),
        head(Sec_WebSocket_Version=None),
        head(Sec_WebSocket_Version="8"),
        head(method="POST"),
        head(Connection="keep-alive"),
        head(Upgrade="h2c"),
        head().replace(b"HTTP/1.1", b"HTTP/1.0"),
        head().replace(b"HTTP/1.1", b"HTTP/9"),
        head().replace(b"Host: 127.0.0.1", b"Host 127.0.0.1"),
        head().replace(b"Host", b"H\x00st"),
        head(X_Long="x" * 8500),
        b"\x00\x01\x02\r\nupgrade: \r\n\r\n",
    ],
)
def test_a_malformed_handshake_is_refused(gateway: Running, sent: bytes):
    with arrived(gateway) as arrival:
        arrival.sendall(sent)
        answer = rest(arrival)

    assert 400 <= int(answer.split(b" ", 2)[1]) < 600
    assert works(gateway)


def test_a_head_without_an_end_is_refused(gateway: Running):
    with arrived(gateway) as arrival:
        arrival.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2_000)
        answer = rest(arrival)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_what_begins_like_tls_and_is_none_is_dropped(gateway: Running):
    with arrived(gateway) as arrival:
        arrival.sendall(b"\x16\x03\x01\x00\x05hello")
        rest(arrival)

    assert works(gateway)


def test_a_head_may_come_byte_by_byte(gateway: Running):
    with arrived(gateway) as arrival:
        for byte in head():
            arrival.sendall(bytes([byte]))
        assert read_head(arrival).startswith(b"HTTP/1.1 101 ")


def test_a_message_may_follow_the_handshake_at_once(gateway: Running):
    with arrived(gateway) as arrival:
        arrival.sendall(head() + frame(Opcode.PING, b"early"))
        read_head(arrival)
        assert arrival.recv(7) == b"\x8a\x05early"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(Opcode.TEXT, b"x", mask=False), 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),
        (b"\xf1\x80\x00\x00\x00\x00", 1002),
        (frame(Opcode.CONT, b"x"), 1002),
        (frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.TEXT, b"y"), 1002),
        (b"\x89\xfe\x00\x7e" + b"\x00" * 130, 1002),
        (b"\x09\x80\x00\x00\x00\x00", 1002),
        (b"\x88\x81\x00\x00\x00\x00\x00", 1002),
        (frame(Opcode.CLOSE, struct.pack("!H", 1005)), 1002),
        (frame(Opcode.CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
        (frame(Opcode.TEXT, b"\xff"), 1007),
        (frame(Opcode.TEXT, b"\xc3", fin=False) + frame(Opcode.CONT, b"("), 1007),
        (frame(Opcode.TEXT, b"\xed\xa0\x80"), 1007),
        (b"\x81\xff" + (2**40).to_bytes(8, "big") + b"\x00" * 4, 1009),
    ],
)
def test_a_wrong_frame_ends_the_connection(gateway: Running, sent: bytes, code: int):
    with opened(gateway) as arrival:
        arrival.sendall(sent)
        assert close_code(arrival) == code


def test_a_character_may_be_parted_between_frames(gateway: Running):
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    with opened(gateway) as arrival:
        arrival.sendall(frame(Opcode.TEXT, first, fin=False) + frame(Opcode.CONT, second))
        gateway.engine.wait_for(
            lambda: any(one["body"] == "ü" for one in gateway.engine.events("talk", "MESSAGE"))
        )


def test_control_frames_may_come_between_the_frames_of_a_message(gateway: Running):
    with opened(gateway) as arrival:
        arrival.sendall(
            frame(Opcode.TEXT, b"par", fin=False)
            + frame(Opcode.PING, b"p")
            + frame(Opcode.PONG, b"")
            + frame(Opcode.CONT, b"ted")
        )
        assert arrival.recv(3) == b"\x8a\x01p"
        gateway.engine.wait_for(
            lambda: any(one["body"] == "parted" for one in gateway.engine.events("talk", "MESSAGE"))
        )


def test_frames_without_end_of_a_message_are_bounded(gateway: Running):
    with opened(gateway) as arrival:
        arrival.sendall(frame(Opcode.TEXT, b"x", fin=False))
        with contextlib.suppress(OSError):
            for _ in range(10):
                arrival.sendall(frame(Opcode.CONT, b"x" * 30_000, fin=False))
        assert close_code(arrival) == 1009


def test_empty_fragments_without_end_do_not_grow(gateway: Running):
    empty = frame(Opcode.CONT, b"", fin=False)
    with opened(gateway) as arrival:
        arrival.sendall(frame(Opcode.TEXT, b"empty", fin=False) + empty * 20_000)
        arrival.sendall(frame(Opcode.CONT, b"!"))
        gateway.engine.wait_for(
            lambda: any(one["body"] == "empty!" for one in gateway.engine.events("talk", "MESSAGE"))
        )


def test_two_thousand_half_open_connections_leave_room_for_others(gateway: Running):
    with contextlib.ExitStack() as half_open:
        for _ in range(2_000):
            half_open.enter_context(arrived(gateway)).sendall(b"GET ")
        assert works(gateway)


def test_a_client_that_never_reads_is_not_read_for_ever(gateway: Running):
    gateway.engine.apis["strict"] = api({"join": "talk"})
    with opened(gateway, "/_aws/execute-api/strict/live") as arrival:
        arrival.settimeout(0.5)
        with pytest.raises(TimeoutError):
            send_for_ever(arrival, frame(Opcode.TEXT, b"x") * 1_000)
        assert works(gateway)


def test_what_follows_a_refused_handshake_is_not_a_next_one(gateway: Running):
    gateway.engine.apis["closed"] = api({"$connect": "closed", "$default": "talk"})
    gateway.engine.functions["closed"] = lambda _: {"statusCode": 403}
    wish = head("/_aws/execute-api/closed/live")
    with arrived(gateway) as arrival:
        arrival.sendall(wish)
        assert read_head(arrival).startswith(b"HTTP/1.1 403 ")
        arrival.sendall(wish)
        rest(arrival)
    assert works(gateway)

    assert len(gateway.engine.events("closed", "CONNECT")) == 1


def test_whoever_leaves_during_connect_is_told_to_disconnect(gateway: Running):
    left = threading.Event()
    gateway.engine.apis["brief"] = api(dict.fromkeys(("$connect", "$disconnect"), "brief"))
    gateway.engine.functions["brief"] = lambda _: left.wait(10) and {"statusCode": 200}
    with arrived(gateway) as arrival:
        arrival.sendall(head("/_aws/execute-api/brief/live"))
        gateway.engine.wait_for(lambda: bool(gateway.engine.events("brief", "CONNECT")))
        arrival.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    left.set()

    gateway.engine.wait_for(lambda: bool(gateway.engine.events("brief", "DISCONNECT")))


def test_messages_in_flight_when_the_engine_dies_are_internal_errors(gateway: Running):
    gateway.engine.apis["dying"] = api({"$default": "dying"})
    gateway.engine.functions["dying"] = lambda _: gateway.engine.hang_up() or time.sleep(10)
    with gateway.connect("dying") as client:
        client.send("x")
        told = json.loads(client.recv(10))

    assert told["message"] == "Internal server error"


def test_the_gateway_finds_an_engine_that_came_back(gateway: Running):
    gateway.engine.hang_up()

    assert works(gateway)


def test_the_gateway_ends_with_its_parent(gateway: Running):
    assert Path(f"/proc/{gateway.process.pid}").exists()
    assert gateway.process.stdin is not None
    gateway.process.stdin.close()

    assert gateway.process.wait(10) == 0
