"""The OpenAPI 3.1 document of an app: `python -m cdk_streamer_runtime.http.openapi module:app`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any

from cdk_streamer_runtime.contract import HttpRoute
from cdk_streamer_runtime.http.operations import OPERATIONS
from cdk_streamer_runtime.http.payloads import submissions
from cdk_streamer_runtime.http.schemas import SCHEMAS
from cdk_streamer_runtime.operations import Schema, ref, thing
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.loader import load_app
from cdk_streamer_runtime.requests.uploads import LONGEST_TYPE, TYPE_PATTERN


def openapi(
    app: AsyncApp,
    *,
    title: str = "Requests",
    version: str = "1",
    server: str = ".",
    without: Iterable[HttpRoute] = (),
) -> dict[str, Any]:
    """Describe the HTTP API of an app, `without` the routes that it does not have.

    `server` is the API's own address; default: the folder that the document is in, which is right
    wherever it is fetched from the API itself.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": _paths(frozenset(without)),
        "webhooks": {"requestEnded": {"post": _webhook()}},
        "components": {
            "schemas": {**SCHEMAS, "UploadWish": _upload(app), **submissions(app)},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _paths(without: frozenset[HttpRoute]) -> dict[str, dict[str, Schema]]:
    paths: dict[str, dict[str, Schema]] = {}
    for route, operation in OPERATIONS.items():
        method, _, path = route.partition(" ")
        if route not in without:
            paths.setdefault(path, {})[method.lower()] = operation
    return paths


def _upload(app: AsyncApp) -> Schema:
    size = {"type": "integer", "minimum": 0, "maximum": app.max_upload_bytes}
    kind = {"type": "string", "pattern": f"^{TYPE_PATTERN}$", "maxLength": LONGEST_TYPE}
    return thing({"size": size, "type": kind}, text="what will be uploaded: bytes, media type")


def _webhook() -> Schema:
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "summary": "A request that named a webhook has ended; signed as Standard Webhooks has it",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in headers
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ref("Ending")}},
        },
        "responses": {
            "2XX": {"description": "it is known; it is not told again"},
            "410": {"description": "nothing is wanted; it is not told again"},
            "default": {"description": "it is told again later"},
        },
    }


def main(arguments: list[str] | None = None) -> None:
    """Print the document of an app."""
    parser = argparse.ArgumentParser(prog="python -m cdk_streamer_runtime.http.openapi")
    parser.add_argument("app", help="where the AsyncApp is, for example handlers.requests:app")
    parser.add_argument("--title", default="Requests", help="what the API is called")
    parser.add_argument("--version", default="1", help="the API's own version")
    parser.add_argument("--server", default=".", help="the API's address, for example its http_url")
    given = parser.parse_args(arguments)
    sys.path.insert(0, "")  # the folder that one stands in, where handlers are
    document = openapi(
        load_app(given.app), title=given.title, version=given.version, server=given.server
    )
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
