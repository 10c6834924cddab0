"""Requests to real servers: over TLS, to addresses that were checked, and no longer than told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdk_streamer_runtime.webhooks import resolver
from cdk_streamer_runtime.webhooks.sender import HttpsSender, NotSent, Reply
from tests.runtime.webhooks.receiver import HOST, Receiver

PUBLIC = "93.184.216.34"
URL = f"https://{HOST}/ended?order=5"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path)
    yield receiver
    receiver.close()


def sender(
    receiver: Receiver,
    *addresses: str,
    tls: ssl.SSLContext | None = None,
    total: float = 15.0,
) -> HttpsSender:
    return HttpsSender(
        resolve=lambda _host, _timeout: list(addresses or [PUBLIC]),
        dial=receiver.dial,
        tls=tls or receiver.trusting,
        total=total,
    )


def sent(https: HttpsSender, url: str = URL) -> Reply:
    return https.send(url, {"webhook-id": "msg", "content-type": "application/json"}, b"{}")


def test_a_request_arrives_as_it_was_written(receiver: Receiver):
    assert sent(sender(receiver)) == Reply(204, None)

    head, _, body = receiver.requests[0].decode().partition("\r\n\r\n")
    assert head.split("\r\n") == [
        "POST /ended?order=5 HTTP/1.1",
        f"host: {HOST}",
        "webhook-id: msg",
        "content-type: application/json",
        "connection: close",
        "content-length: 2",
    ]
    assert body == "{}"


def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver):
    sent(sender(receiver))

    assert (receiver.dialed, receiver.names) == ([PUBLIC], [HOST])


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::ffff:1.1.1.1"])
@pytest.mark.parametrize("others", [(), (PUBLIC,)])
def test_a_name_with_an_address_inside_is_never_called(
    receiver: Receiver, address: str, others: tuple[str, ...]
):
    with pytest.raises(NotSent, match="not public"):
        sent(sender(receiver, *others, address))

    assert receiver.dialed == []


def test_a_name_without_an_address_is_not_called(receiver: Receiver):
    https = HttpsSender(resolve=lambda _host, _timeout: [], dial=receiver.dial)

    with pytest.raises(NotSent, match="no connection"):
        sent(https)


def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver):
    def dial(address: str, timeout: float) -> socket.socket:
        if address == "1.1.1.1":
            raise ConnectionRefusedError
        return receiver.dial(address, timeout)

    https = HttpsSender(
        resolve=lambda _host, _timeout: ["1.1.1.1", PUBLIC], dial=dial, tls=receiver.trusting
    )

    assert sent(https).status == 204
    assert receiver.dialed == [PUBLIC]


def test_a_certificate_of_nobody_is_not_trusted(receiver: Receiver):
    with pytest.raises(NotSent, match="no trusted TLS connection"):
        sent(sender(receiver, tls=ssl.create_default_context()))

    assert receiver.requests == []


def test_a_certificate_of_another_host_is_not_trusted(receiver: Receiver):
    with pytest.raises(NotSent, match="no trusted TLS connection"):
        sent(sender(receiver), "https://other.example.com/")

    assert receiver.requests == []


def test_a_proxy_of_the_machine_has_no_say(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert sent(sender(receiver)).status == 204


def test_a_redirect_is_an_answer_and_nothing_else(receiver: Receiver):
    receiver.answer = (
        b"HTTP/1.1 307 Go\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    )

    assert sent(sender(receiver)).status == 307
    assert len(receiver.dialed) == 1


def test_how_long_to_wait_is_read(receiver: Receiver):
    receiver.answer = b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n\r\n"

    assert sent(sender(receiver)) == Reply(503, "120")


def test_the_body_of_an_answer_is_not_read(receiver: Receiver):
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx"

    assert sent(sender(receiver)).status == 200


def test_an_answer_that_only_announces_another_is_passed_over(receiver: Receiver):
    receiver.answer = b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n"

    assert sent(sender(receiver)).status == 410


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 \r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000],
)
def test_what_is_no_answer_counts_as_none(receiver: Receiver, answer: bytes):
    receiver.answer = answer

    with pytest.raises(NotSent, match="no connection, or no HTTP answer"):
        sent(sender(receiver))


def hangs(release: threading.Event) -> Callable[[ssl.SSLSocket], None]:
    def hang(_secure: ssl.SSLSocket) -> None:
        release.wait(30)

    return hang


def drips(release: threading.Event) -> Callable[[ssl.SSLSocket], None]:
    def drip(secure: ssl.SSLSocket) -> None:
        while not release.wait(0.02):
            secure.sendall(b"H")

    return drip


@pytest.mark.parametrize("behavior", [hangs, drips])
def test_a_slow_answer_is_not_waited_for(
    receiver: Receiver, behavior: Callable[[threading.Event], Callable[[ssl.SSLSocket], None]]
):
    release = threading.Event()
    receiver.answer = behavior(release)

    with pytest.raises(NotSent, match="in time"):
        sent(sender(receiver, total=0.3))
    release.set()


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(30) and [])

    with pytest.raises(TimeoutError):
        resolver.resolve("hooks.example.com", 0.05)
    release.set()


def test_a_name_that_is_an_address_here_is_resolved_and_refused():
    assert set(resolver.resolve("localhost", 5.0)) <= {"127.0.0.1", "::1"}
    with pytest.raises(NotSent, match="not public"):
        sent(HttpsSender(dial=_never), "https://localhost/")


def _never(address: str, timeout: float) -> socket.socket:
    raise AssertionError((address, timeout))


@pytest.mark.parametrize(
    "url", [f"https://{HOST}/a b", f"https://{HOST}/\r\nx: y", f"https://{HOST}/\u00fc"]
)
def test_a_url_cannot_break_out_of_its_line(receiver: Receiver, url: str):
    https = sender(receiver)

    with pytest.raises((ValueError, NotSent)):
        sent(https, url)

    assert all(b"\r\nx: y" not in request for request in receiver.requests)
