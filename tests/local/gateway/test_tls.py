"""TLS on the port that speaks plain as well."""

from __future__ import annotations

import socket
import ssl

import pytest
from hypothesis import given, strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.gateway.tls import Tls, server_context
from tests.local.gateway.running import Running
from tests.local.gateway.test_hostile import head, read_head

FRAME = 32 * 1024
CERTIFICATE = server_certificate()
SERVER = server_context(str(CERTIFICATE.certificate), str(CERTIFICATE.key))
CLIENT = ssl.create_default_context(cafile=str(CERTIFICATE.bundle))


class Peer:
    """The client's side, after its handshake with a server."""

    def __init__(self) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = CLIENT.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        self.server = Tls(SERVER)
        with pytest.raises(ssl.SSLWantReadError):
            self._object.do_handshake()
        assert self.server.decrypt(self._outgoing.read()) == b""
        self._incoming.write(self.server.pending())
        self._object.do_handshake()
        assert self.server.decrypt(self._outgoing.read()) == b""
        assert self.server.pending() == b""  # no tickets

    def encrypt(self, data: bytes) -> bytes:
        self._object.write(data)
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        self._incoming.write(data)
        read = b""
        while self._incoming.pending or self._object.pending():
            read += self._object.read(65536)
        return read

    def ends_with(self, data: bytes) -> bool:
        self._incoming.write(data)
        try:
            self._object.unwrap()
        except ssl.SSLWantReadError:
            return False
        return True


@given(sent=st.lists(st.binary(min_size=1, max_size=200), max_size=4), size=st.integers(1, 90))
def test_bytes_arrive_whole_however_the_stream_is_cut(sent: list[bytes], size: int):
    peer = Peer()
    stream = b"".join(peer.encrypt(data) for data in sent)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]

    assert b"".join(peer.server.decrypt(piece) for piece in pieces) == b"".join(sent)


def test_much_is_sent_in_several_records():
    peer = Peer()
    much = bytes(range(256)) * 1_024

    assert peer.decrypt(peer.server.encrypt(much)) == much
    assert peer.server.decrypt(peer.encrypt(much)) == much


def test_the_farewell_is_one_of_tls():
    peer = Peer()

    assert peer.ends_with(peer.server.close())
    assert not Peer().ends_with(b"")


def test_what_is_no_tls_is_an_error():
    with pytest.raises(ssl.SSLError):
        Tls(SERVER).decrypt(b"\x16\x03\x01\x00\x05hello")


def test_a_long_message_arrives_through_tls(gateway: Running):
    text = "ü" * (2 * FRAME)
    half = FRAME // 2
    with connect(gateway.url(scheme="wss"), ssl=gateway.tls, proxy=None) as socket:
        socket.send(iter([text[at : at + half] for at in range(0, len(text), half)]))
        gateway.engine.wait_for(
            lambda: any(one["body"] == text for one in gateway.engine.events("talk", "MESSAGE"))
        )


def test_the_end_is_told_through_tls_even_when_much_is_unread(gateway: Running):
    with connect(gateway.url(scheme="wss"), ssl=gateway.tls, proxy=None) as socket:
        socket.send("x" * (4 * 1024 * 1024))
        with pytest.raises(ConnectionClosed):
            socket.recv(10)

    assert socket.close_code == 1009


def test_who_says_farewell_is_answered_and_gone(gateway: Running):
    with (
        socket.create_connection(("127.0.0.1", gateway.port), 3) as wire,
        gateway.tls.wrap_socket(wire, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(head(User_Agent="polite"))
        assert read_head(secured).startswith(b"HTTP/1.1 101 ")
        secured.unwrap()  # waits for the farewell of the other side
    gateway.engine.wait_for(
        lambda: any(
            one["requestContext"]["identity"]["userAgent"] == "polite"
            for one in gateway.engine.events("talk", "DISCONNECT")
        ),
        3,
    )
