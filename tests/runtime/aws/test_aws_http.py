"""The HTTP of the client reads answers as http.client does, however the network cuts them."""

from __future__ import annotations

import http.client
import io
import socket
import threading
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import assume, given, strategies as st

from cdk_streamer_runtime._http import (
    BODY_BYTES,
    BadAnswer,
    Connection,
    NoAnswer,
    Target,
    encoded_request,
)


class Wire:
    """A socket that has received some pieces already; the peer closed after the last."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def settimeout(self, _seconds: float) -> None: ...

    def sendall(self, _data: bytes) -> None: ...

    def recv(self, _size: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(b"".join(self._pieces))


def read(pieces: list[bytes]):
    return Connection(Wire([piece for piece in pieces if piece])).exchange(b"", lambda: 1.0)  # pyright: ignore[reportArgumentType]


def chunked(parts: list[bytes]) -> bytes:
    return b"".join(b"%x;x=1\r\n%s\r\n" % (len(part), part) for part in parts if part)


def head(status: int, *fields: str, version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{version} {status} Some Reason", *fields, "", ""]).encode("latin-1")


bodies = st.binary(max_size=200)
fields = st.lists(
    st.sampled_from(["x-amz-crc32: 1", "X-Amzn-RequestId:a", "Date: now"]), max_size=3
)
answers = st.one_of(
    st.tuples(st.sampled_from([200, 400, 503]), fields, bodies).map(
        lambda each: head(each[0], *each[1], f"Content-Length: {len(each[2])}") + each[2]
    ),
    st.tuples(fields, st.lists(bodies, max_size=4)).map(
        lambda each: (
            head(200, *each[0], "Transfer-Encoding: chunked")
            + chunked(each[1])
            + b"0\r\nTrailer: x\r\n\r\n"
        )
    ),
    st.tuples(fields, bodies).map(lambda each: head(200, *each[0], "Connection: close") + each[1]),
    st.tuples(fields, bodies).map(lambda each: head(200, *each[0], version="HTTP/1.0") + each[1]),
    fields.map(lambda each: head(100) + head(204, *each)),
)


@given(data=answers, cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=6))
def test_an_answer_is_read_as_http_client_reads_it(data: bytes, cuts: list[int]):
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    theirs = http.client.HTTPResponse(Wire([data]))  # pyright: ignore[reportArgumentType]
    theirs.begin()

    ours = read([data[start:end] for start, end in pairwise(places)])

    assert (ours.status, ours.body) == (theirs.status, theirs.read())
    assert ours.headers == {name.lower(): value for name, value in theirs.getheaders()}


@given(data=answers, cut=st.integers(min_value=0, max_value=400))
def test_an_answer_that_is_cut_off_is_never_taken_for_a_whole_one(data: bytes, cut: int):
    told = data[: min(cut, len(data) - 1)]
    ends_by_closing = b"chunked" not in data and b"Content-Length" not in data
    assume(not (ends_by_closing and b"\r\n\r\n" in told))
    with pytest.raises((BadAnswer, NoAnswer)):
        read([told])


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        head(200, "Content-Length: -1"),
        head(200, "Content-Length: 1_0") + b"x" * 10,
        head(200, f"Content-Length: {BODY_BYTES + 1}"),
        head(200, "Transfer-Encoding: chunked") + b"-1\r\n\r\n",
        head(200, "Transfer-Encoding: chunked") + b"2\r\nabc\r\n0\r\n\r\n",
        head(200, "Transfer-Encoding: chunked") + b"ffffffffff\r\n",
        head(200, f"x: {'a' * 200_000}"),
    ],
)
def test_a_malformed_or_oversized_answer_is_refused(data: bytes):
    with pytest.raises(BadAnswer):
        read([data[start : start + 50_000] for start in range(0, len(data), 50_000)])


def test_silence_is_told_from_a_broken_answer():
    with pytest.raises(NoAnswer):
        read([])


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (head(200, "Content-Length: 1") + b"x", True),
        (head(200, "Transfer-Encoding: chunked") + b"0\r\n\r\n", True),
        (head(204), True),
        (head(200, "Content-Length: 1", "Connection: close") + b"x", False),
        (head(200, "Content-Length: 1", version="HTTP/1.0") + b"x", False),
        (head(200, "Content-Length: 1") + b"xSurplus", False),
    ],
)
def test_a_connection_is_reused_only_after_an_answer_that_ended_cleanly(data, reusable):
    assert read([data]).reusable is reusable


def test_an_idle_connection_that_the_peer_closed_is_not_quiet():
    ours, theirs = socket.socketpair()
    with closing(ours):
        connection = Connection(ours)
        assert connection.is_quiet()
        theirs.close()
        assert not connection.is_quiet()


def test_a_closed_connection_is_not_quiet():
    ours, theirs = socket.socketpair()
    with closing(theirs):
        connection = Connection(ours)
        connection.close()
        assert not connection.is_quiet()


def test_a_large_request_and_a_large_answer_pass():
    ours, theirs = socket.socketpair()
    body = b"x" * 3_000_000
    peer = threading.Thread(target=answer_with, args=(theirs, len(body), body))
    peer.start()
    with closing(ours), closing(theirs):
        answer = Connection(ours).exchange(body, lambda: 30.0)
        peer.join()
    assert answer.body == body


def answer_with(peer: socket.socket, awaited: int, body: bytes) -> None:
    received = 0
    while received < awaited:
        received += len(peer.recv(65536))
    peer.sendall(head(200, f"Content-Length: {len(body)}") + body)


# --- requests ----------------------------------------------------------------------------------


def test_a_request_tells_its_length_even_without_a_body():
    assert encoded_request("POST", "/", {"host": "h"}, b"") == (
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nx-amz-target: b", "a\nb", "a\rb"])
def test_a_header_cannot_break_out_of_its_line(value: str):
    with pytest.raises(ValueError, match="line break"):
        encoded_request("POST", "/", {"x-amzn-trace-id": value}, b"")


@pytest.mark.parametrize("target", ["/a b", "/ä", "/a\tb"])
def test_a_path_that_is_not_percent_encoded_is_refused(target: str):
    with pytest.raises(ValueError, match="percent-encode"):
        encoded_request("POST", target, {}, b"")


@pytest.mark.parametrize(
    ("url", "authority", "text"),
    [
        ("https://Example.com", "example.com", "/"),
        ("https://example.com:443/a", "example.com", "/a"),
        ("http://127.0.0.1:4566/a//b?c=d&e", "127.0.0.1:4566", "/a//b?c=d&e"),
        ("https://[::1]:99/x", "[::1]:99", "/x"),
        ("https://a.com/live/@connections/x%3D", "a.com", "/live/@connections/x%3D"),
    ],
)
def test_a_url_is_taken_apart(url: str, authority: str, text: str):
    target = Target.at(url)
    assert (target.origin.authority, target.text) == (authority, text)


@pytest.mark.parametrize("url", ["wss://a.com", "a.com/x", "https:///x", "https://u:p@a.com", ""])
def test_what_is_no_endpoint_is_refused(url: str):
    with pytest.raises(ValueError, match="http or https URL"):
        Target.at(url)
