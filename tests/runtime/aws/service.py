"""A service on this machine that answers by a script."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.aws import LeanClient


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


Step = Callable[[socket.socket, Request], bool]  # tells whether the connection stays open


def answer(status: int = 200, document: object = None, **headers: str) -> Step:
    body = b"" if document is None else json.dumps(document).encode()
    return raw(status, body, **headers)


def raw(status: int, body: bytes, **headers: str) -> Step:
    fields = {"content-length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} X", *(f"{n.replace('_', '-')}: {v}" for n, v in fields.items())]
    data = "\r\n".join([*lines, "", ""]).encode() + body

    def step(peer: socket.socket, _request: Request) -> bool:
        peer.sendall(data)
        return True

    return step


def fault(code: str, message: str = "", status: int = 400, **more: object) -> Step:
    return answer(status, {"__type": f"com.amazonaws#{code}", "message": message, **more})


def closing(step: Step) -> Step:
    def then_close(peer: socket.socket, request: Request) -> bool:
        step(peer, request)
        return False

    return then_close


def drop(_peer: socket.socket, _request: Request) -> bool:
    return False


def silence(_peer: socket.socket, _request: Request) -> bool:
    return True


def echo(peer: socket.socket, request: Request) -> bool:
    return raw(200, request.body)(peer, request)


class Service:
    """One step of the script a request; the last one is repeated."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.script: list[Step] = [answer(200, {})]
        self.requests: list[Request] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def answers(self, *steps: Step) -> None:
        self.script = list(steps)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed by the test already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer, self.connections), daemon=True).start()

    def _serve(self, peer: socket.socket, connection: int) -> None:
        if self._context:
            try:
                peer = self._context.wrap_socket(peer, server_side=True)
            except OSError:  # the client does not trust us
                return
        # A client may hang up when it likes: that is no fault of the service.
        with contextlib.suppress(ConnectionError), peer, peer.makefile("rb") as stream:
            while request := received(stream, connection):
                with self._lock:
                    self.requests.append(request)
                    step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if not step(peer, request):
                    return


def received(stream: Any, connection: int) -> Request | None:
    line = stream.readline().decode()
    if not line:
        return None
    method, target, _ = line.split(" ")
    headers: dict[str, str] = {}
    while field_line := stream.readline().decode().strip():
        name, _, value = field_line.partition(":")
        headers[name] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body, connection)


def get(client: LeanClient) -> dict[str, Any]:
    return client.call("dynamodb", "GetItem", {"TableName": "t", "Key": {"pk": {"S": "hidden"}}})


def post(client: LeanClient, service: Service) -> bytes:
    url = f"{service.url}/live/@connections/a%3D"
    return client.rest("execute-api", "POST", url, body=b"hidden")
