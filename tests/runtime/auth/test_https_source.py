"""The fetch of a JWKS against a real server, well and ill behaved."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.https_source import (
    LIMIT_BYTES,
    THREAD_NAME,
    TIMEOUT_SECONDS,
    HttpsSource,
)
from cdk_streamer_runtime.auth.jwks import Jwks, JwksUnavailable
from cdk_streamer_runtime.auth.token import Token
from tests.runtime.auth import issuer
from tests.runtime.auth.conftest import Clock
from tests.runtime.auth.https_origin import HttpsOrigin, https_origin


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsOrigin]:
    with https_origin(tmp_path_factory.mktemp("origin")) as origin:
        yield origin


@pytest.fixture(autouse=True)
def fresh(server: HttpsOrigin) -> None:
    server.paths.clear()


def source(server: HttpsOrigin, path: str, *, timeout: float = TIMEOUT_SECONDS) -> HttpsSource:
    return HttpsSource(server.url(path), ca_bundle=str(server.ca_bundle), timeout=timeout)


@pytest.mark.parametrize("path", ["/jwks", "/chunked", "/jwks?version=2"])
def test_a_document_is_fetched(path: str, server: HttpsOrigin) -> None:
    assert source(server, path)() == issuer.published()
    assert server.paths == [path]


def test_each_call_fetches_anew(server: HttpsOrigin) -> None:
    fetch = source(server, "/jwks")

    assert fetch() == fetch()
    assert server.paths == ["/jwks", "/jwks"]


@pytest.mark.parametrize("path", ["/redirect", "/permanent"])
def test_a_redirect_is_not_followed(path: str, server: HttpsOrigin) -> None:
    with pytest.raises(JwksUnavailable, match=r"status 30[28]"):
        source(server, path)()

    assert server.paths == [path]


@pytest.mark.parametrize(("path", "status"), [("/down", "503"), ("/created", "201")])
def test_any_status_but_200_is_refused(path: str, status: str, server: HttpsOrigin) -> None:
    with pytest.raises(JwksUnavailable, match=f"status {status}"):
        source(server, path)()


def test_a_document_of_256_kb_is_read(server: HttpsOrigin) -> None:
    assert len(source(server, "/largest")()) == LIMIT_BYTES


@pytest.mark.parametrize("path", ["/large", "/endless"])
def test_a_larger_document_is_refused(path: str, server: HttpsOrigin) -> None:
    with pytest.raises(JwksUnavailable, match="more than 262144 bytes"):
        source(server, path, timeout=30)()


def test_a_server_that_says_nothing_is_left(server: HttpsOrigin) -> None:
    # Both limits are the same here, and either may come first.
    with pytest.raises(JwksUnavailable, match=r"no whole answer within 0\.3 s|TimeoutError"):
        source(server, "/silent", timeout=0.3)()


@pytest.mark.parametrize("path", ["/dripping_body", "/dripping_header"])
def test_the_whole_answer_must_come_in_time(path: str, server: HttpsOrigin) -> None:
    with pytest.raises(JwksUnavailable, match=r"no whole answer within 0\.3 s"):
        source(server, path, timeout=0.3)()

    left_behind = [each for each in threading.enumerate() if each.name == THREAD_NAME]
    for each in left_behind:
        each.join()  # the server would keep it busy for as long as it likes


@pytest.mark.parametrize("path", ["/closing", "/garbage"])
def test_an_answer_that_is_no_http_is_refused(path: str, server: HttpsOrigin) -> None:
    with pytest.raises(JwksUnavailable, match=r"RemoteDisconnected|BadStatusLine"):
        source(server, path)()


def test_a_certificate_that_nobody_vouches_for_is_refused(server: HttpsOrigin) -> None:
    with pytest.raises(JwksUnavailable, match="SSLCertVerificationError"):
        HttpsSource(server.url("/jwks"))()

    assert server.paths == []


def test_a_certificate_of_another_host_is_refused(server: HttpsOrigin) -> None:
    url = server.url("/jwks", host="127.0.0.1")

    with pytest.raises(JwksUnavailable, match="SSLCertVerificationError"):
        HttpsSource(url, ca_bundle=str(server.ca_bundle))()


def test_the_bundle_of_the_environment_is_trusted(
    server: HttpsOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_bundle))

    assert HttpsSource(server.url("/jwks"))() == issuer.published()


def test_a_server_without_tls_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(target=_answer_in_plain_text, args=(plain,)).start()
        port = plain.getsockname()[1]

        with pytest.raises(JwksUnavailable, match=r"SSLError|ConnectionResetError"):
            HttpsSource(f"https://localhost:{port}/jwks")()


def test_a_port_where_nobody_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]

    with pytest.raises(JwksUnavailable, match="ConnectionRefusedError"):
        HttpsSource(f"https://127.0.0.1:{port}/jwks")()


def test_a_host_that_does_not_exist_is_refused() -> None:
    with pytest.raises(JwksUnavailable, match=r"gaierror|no whole answer"):
        HttpsSource("https://issuer.invalid/jwks")()


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com/jwks", "HTTP://id.example.com/jwks", "file:///etc/passwd", "ftp://a/",
        "id.example.com/jwks", "//id.example.com/jwks", "https://", "https:///jwks", "",
        "https://user:secret@id.example.com/jwks", "https://@id.example.com/jwks",
        "https://id.example.com/jwks#keys", "https://id.example.com:port/jwks",
        "https://id.example.com:70000/jwks", "https://[::1/jwks",
    ],
)  # fmt: skip
def test_an_address_that_is_not_plain_https_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"https|port|Port|IPv6"):
        HttpsSource(url)


def test_keys_go_from_the_server_to_a_token(server: HttpsOrigin) -> None:
    keys = Jwks(source(server, "/jwks"), Clock())

    keys.find(Token.parse(issuer.token())).verify(Token.parse(issuer.token()))

    assert server.paths == ["/jwks"]


def test_a_page_instead_of_keys_leaves_nobody_in(server: HttpsOrigin) -> None:
    keys = Jwks(source(server, "/redirect"), Clock())

    with pytest.raises(Denied, match=Reason.KEYS_UNAVAILABLE):
        keys.find(Token.parse(issuer.token()))


def _answer_in_plain_text(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
