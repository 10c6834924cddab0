"""Who else may ask the console: other pages, and clients that do not behave."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import cast

import pytest

from cdk_streamer_local.console.admission import SECRET_HEADER, Admission
from cdk_streamer_local.console.journal import Journal
from cdk_streamer_local.console.live import Reader
from cdk_streamer_local.console.packages import installed
from cdk_streamer_local.console.panel import Body, Panel
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.console.server import Server, Site
from cdk_streamer_local.engine.port import listen

SECRET = "a-secret"
SECONDS = 10.0


class Bell(Panel):
    """A panel of a test: it tells how often it was rung."""

    name = "bell"

    def __init__(self) -> None:
        self.rings = 0

    def read(self, running: Running) -> object:
        del running
        return self.rings

    def act(self, running: Running, verb: str, body: Body) -> object:
        del running, verb
        self.rings += int(body.get("times", 1))
        return self.rings


class House:
    """A served site with one panel."""

    def __init__(self) -> None:
        listener = listen()
        self.port: int = listener.getsockname()[1]
        self.bell = Bell()
        running = cast("Running", object())
        self.server = Server(
            listener,
            Site(
                admission=Admission(port=self.port, secret=SECRET),
                readers={"bell": Reader(self.bell, lambda: running)},
                journal=Journal(),
                running=lambda: running,
                packages=installed,
                app="house",
            ),
        )

    def said(self, request: str) -> bytes:
        """Give all that is answered to these lines, until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as link:
            link.sendall(request.format(port=self.port).replace("\n", "\r\n").encode())
            return b"".join(iter(lambda: link.recv(65536), b""))

    def listens(self) -> socket.socket:
        """Open a page's ear, and hear the first words."""
        link = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        link.sendall(
            f"GET /api/live?panels=bell HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode()
        )
        heard = b""
        while b"event: panel" not in heard:
            heard += link.recv(65536)
        return link


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.server.close()


@pytest.mark.parametrize(
    "header",
    [
        "Host: 127.0.0.1",  # of another port
        "Host: rebound.example.com:{port}",
        "Host: 127.0.0.1:{port}\nOrigin: null",  # a frame of a file, or sandboxed
        "Host: 127.0.0.1:{port}\nOrigin: http://127.0.0.1:1",
        "Host: 127.0.0.1:{port}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors",
        "Host: localhost:{port}\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: no-cors",
        "Accept: */*",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/live?panels=bell", "/page/console.js"])
def test_no_other_page_is_told_anything(house, path, header):
    answer = house.said(f"GET {path} HTTP/1.1\n{header}\nConnection: close\n\n")

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert SECRET.encode() not in answer


def test_a_link_of_another_page_opens_it(house):
    link = http.client.HTTPConnection("127.0.0.1", house.port, timeout=SECONDS)
    link.request("GET", "/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    answer = link.getresponse()
    answer.read()
    link.close()

    assert answer.status == 200
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_form_of_another_page_rings_no_bell(house):
    answer = house.said(
        "POST /api/act/bell/ring HTTP/1.1\nHost: 127.0.0.1:{port}\nOrigin: http://example.com\n"
        "Content-Type: text/plain\nContent-Length: 2\n\n{{}}"
    )

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert house.bell.rings == 0


@pytest.mark.parametrize(
    "length",
    [
        "Content-Length: -1",
        "Content-Length: ten",
        "Content-Length: 9999999",
        "Transfer-Encoding: chunked",
    ],
)
def test_a_body_of_no_known_length_is_refused_at_once(house, length):
    answer = house.said(
        f"POST /api/act/bell/ring HTTP/1.1\nHost: 127.0.0.1:{{port}}\n"
        f"{SECRET_HEADER}: {SECRET}\n{length}\n\n"
    )

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert house.bell.rings == 0


@pytest.mark.parametrize("body", ["[]", "null", '"ring"', "7"])
def test_a_body_that_is_no_object_is_refused_in_words(house, body):
    answer = house.said(
        f"POST /api/act/bell/ring HTTP/1.1\nHost: 127.0.0.1:{{port}}\n{SECRET_HEADER}: {SECRET}\n"
        f"Connection: close\nContent-Length: {len(body)}\n\n{body}"
    )

    assert answer.startswith(b"HTTP/1.1 409 ")
    assert b"JSON object" in answer


@pytest.mark.parametrize("path", ["/page/%00", "/page//etc/passwd", "/page/..%2f..%2fserver.py"])
def test_no_odd_name_is_a_file(house, path):
    answer = house.said(f"GET {path} HTTP/1.1\nHost: 127.0.0.1:{{port}}\nConnection: close\n\n")

    assert answer.startswith(b"HTTP/1.1 404 ")


def test_nothing_is_kept_of_a_page_that_was_closed(house):
    before = threading.active_count()
    pages = [house.listens() for _ in range(5)]
    assert threading.active_count() == before + 5

    for page in pages:
        page.close()

    end = time.monotonic() + SECONDS
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.02)
    assert threading.active_count() == before


def test_pages_that_are_open_hear_the_end_of_the_command():
    house = House()
    page = house.listens()

    house.server.close()

    assert b"".join(iter(lambda: page.recv(65536), b"")) == b""
    page.close()
