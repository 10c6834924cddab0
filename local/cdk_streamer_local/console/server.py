"""The console's HTTP server, on loopback: the page, its packages, and what the page asks."""

from __future__ import annotations

import http.server
import json
import mimetypes
import select
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from cdk_streamer_local.console import document
from cdk_streamer_local.console.admission import Admission
from cdk_streamer_local.console.encoding import encoded
from cdk_streamer_local.console.journal import Journal
from cdk_streamer_local.console.live import Reader, news
from cdk_streamer_local.console.panel import Refused, Unknown
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.engine.port import HOST
from cdk_streamer_local.errors import LocalError

_FOLDER = Path(__file__).parent / "page"
_BODY_BYTES = 1024 * 1024
_PATIENCE_SECONDS = 30.0  # with who sends or takes nothing
_JSON = "application/json; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served. `packages` waits until they are installed; raises ConsoleUnavailable."""

    admission: Admission
    readers: Mapping[str, Reader]
    journal: Journal
    running: Callable[[], Running | None]
    packages: Callable[[], Path]
    app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    body: bytes
    type: str = _JSON
    status: int = HTTPStatus.OK
    policy: str = ""


class Server:
    """Serves a site from its start to `close`."""

    def __init__(self, listener: Any, site: Site) -> None:  # noqa: ANN401 - a socket
        self._ended = threading.Event()
        members = {"site": site, "ended": self._ended}
        self._server = _Server(listener, type("Answers", (_Answers,), members))
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="console", daemon=True
        ).start()

    def close(self) -> None:
        """Stop serving; pages that are open notice."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: Any, handler: type) -> None:  # noqa: ANN401 - a socket
        super().__init__((HOST, 0), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_address = listener.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a page that was closed in the middle."""


class _Answers(http.server.BaseHTTPRequestHandler):
    site: ClassVar[Site]
    ended: ClassVar[threading.Event]
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_SECONDS
    connection: socket.socket

    def do_GET(self) -> None:
        refusal = self.site.admission.refusal(self._named(), changes=False)
        if refusal is not None:
            self._write(_said(refusal, HTTPStatus.FORBIDDEN))
            return
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        if address.path == "/api/live":
            self._stream(query)
        else:
            self._write(_answered(lambda: _found(self.site, unquote(address.path), query)))

    def do_POST(self) -> None:
        refusal = self.site.admission.refusal(self._named(), changes=True)
        if refusal is not None:
            self.close_connection = True  # its body was not read
            self._write(_said(refusal, HTTPStatus.FORBIDDEN))
            return
        length = self._length()
        if length is None:
            self.close_connection = True  # where the next request begins is not known
            problem = f"a body has a Content-Length of at most {_BODY_BYTES} bytes"
            self._write(_said(problem, HTTPStatus.BAD_REQUEST))
            return
        body = self.rfile.read(length)
        self._write(_answered(lambda: _done(self.site, unquote(urlsplit(self.path).path), body)))

    def _length(self) -> int | None:
        said = self.headers.get("Content-Length", "0")
        is_known = said.isascii() and said.isdigit() and len(said) <= len(str(_BODY_BYTES))
        if not is_known or "Transfer-Encoding" in self.headers:
            return None
        return int(said) if int(said) <= _BODY_BYTES else None

    def _named(self) -> Mapping[str, str]:
        return {name.title(): value for name, value in self.headers.items()}

    def _stream(self, query: Mapping[str, str]) -> None:
        self.close_connection = True
        self._begin(_Answer(body=b"", type="text/event-stream; charset=utf-8"), sized=False)
        last = self.headers.get("Last-Event-ID") or query.get("after", "0")
        wanted = query.get("panels", "").split(",")
        after = int(last) if last.isdecimal() else 0
        for text in news(self.site.readers, self.site.journal, wanted, after, self._is_heard):
            self.wfile.write(text.encode())

    def _is_heard(self) -> bool:
        """Tell whether the page is still there; it says nothing more until it goes."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return not poll.poll(0) and not self.ended.is_set()

    def _write(self, answer: _Answer) -> None:
        self._begin(answer, sized=True)
        self.wfile.write(answer.body)

    def _begin(self, answer: _Answer, *, sized: bool) -> None:
        self.send_response(answer.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if answer.policy:
            self.send_header("Content-Security-Policy", answer.policy)
        self.send_header("Content-Type", answer.type)
        if sized:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the terminal is the app's."""


def _answered(give: Callable[[], _Answer]) -> _Answer:
    try:
        return give()
    except Unknown as fault:
        return _said(str(fault), HTTPStatus.NOT_FOUND)
    except Refused as fault:
        return _said(str(fault), HTTPStatus.CONFLICT)
    except LocalError as fault:
        return _said(f"{fault.cause}; {fault.remedy}", HTTPStatus.CONFLICT)
    # The page says it where it was asked for; there is nobody else to tell.
    except Exception as fault:  # noqa: BLE001
        return _said(f"{type(fault).__name__}: {fault}", HTTPStatus.INTERNAL_SERVER_ERROR)


def _said(problem: str, status: int) -> _Answer:
    return _Answer(body=encoded({"problem": problem}).encode(), status=status)


def _found(site: Site, path: str, query: Mapping[str, str]) -> _Answer:
    match path.strip("/").split("/", 3):
        case [""]:
            page = document.page(site.app, site.admission.secret, site.packages)
            return _Answer(body=page.body, type="text/html; charset=utf-8", policy=page.policy)
        case ["packages", *parts]:
            return _file(site.packages(), "/".join(parts))
        case ["page", *parts]:
            return _file(_FOLDER, "/".join(parts))
        case ["api", "items", panel, id]:
            found = _reader(site, panel).panel.item(_running(site), id, query)
            return _Answer(body=encoded(found).encode())
        case _:
            raise Unknown(f"there is no {path!r} here")


def _done(site: Site, path: str, body: bytes) -> _Answer:
    match path.strip("/").split("/"):
        case ["api", "act", panel, verb]:
            reader = _reader(site, panel)
            result = reader.panel.act(_running(site), verb, _object(body))
            for each in site.readers.values():  # what was done may show anywhere
                each.forget()
            return _Answer(body=encoded(result).encode())
        case _:
            raise Unknown(f"there is no {path!r} here")


def _object(body: bytes) -> dict[str, Any]:
    try:
        said: object = json.loads(body or b"{}")
    except ValueError:
        raise Refused("the body is no JSON") from None
    if not isinstance(said, dict):
        raise Refused(f"the body must be a JSON object, got a {type(said).__name__}")
    return cast("dict[str, Any]", said)


def _reader(site: Site, panel: str) -> Reader:
    if panel not in site.readers:
        raise Unknown(f"there is no panel {panel!r}; there are {', '.join(site.readers)}")
    return site.readers[panel]


def _running(site: Site) -> Running:
    running = site.running()
    if running is None:
        raise Refused("the app is not deployed yet; try again when it is ready")
    return running


def _file(folder: Path, name: str) -> _Answer:
    if "\0" in name:
        raise Unknown("there is no file with such a name")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise Unknown(f"there is no file {name!r}")
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return _Answer(body=path.read_bytes(), type=f"{kind or 'application/octet-stream'}")
