"""The HTTP API as a WSGI application: requests become events, as API Gateway makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.memory.http import HttpAnswer, http_event
from tests.runtime.api import ANN, ObservedApi

TOKEN = "ann"
PREFIX = "HTTP_"


def application(api: ObservedApi) -> Callable[..., Iterable[bytes]]:
    """Serve an API to one caller, who shows TOKEN; nobody else is known."""

    def serve(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        headers = {
            name.removeprefix(PREFIX).replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith(PREFIX) or name == "CONTENT_TYPE"
        }
        length = int(environ.get("CONTENT_LENGTH") or 0)
        event = http_event(
            ANN,
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            body=environ["wsgi.input"].read(length) if length else None,
            headers=headers,
            query=environ["QUERY_STRING"],
        )
        if headers.get("authorization") != f"Bearer {TOKEN}":
            del event["requestContext"]["authorizer"]
        answer = HttpAnswer.from_event(api.http_api.handle(event, lambda: 29_000, None))
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", list(answer.headers.items()))
        return [answer.body.encode()]

    return serve
