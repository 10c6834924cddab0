"""The OpenAPI 3.1 document of the API: `python -m cdk_streamer_runtime.timers.rest.openapi`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.contract.timers import TimerRoute, TimerState
from cdk_streamer_runtime.operations import Schema, content, operation, ref
from cdk_streamer_runtime.timers.rest.api import (
    LONGEST_PAGE,
    MOST_OCCURRENCES,
    OCCURRENCES,
    PAGE,
)
from cdk_streamer_runtime.timers.rest.schemas import ID, MOMENT, SCHEMAS, TEXT

# What any request can meet, whatever it asks for.
_ALWAYS = (400, 401, 403, 429, 500, 503)
_WITH_BODY = (413, 415, 422)


def _parameter(name: str, schema: Schema, where: str = "query") -> Schema:
    return {"name": name, "in": where, "schema": schema, "required": where == "path"}


def _count(most: int, default: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


_ID = _parameter("id", ID, "path")
_CONDITIONS = [_parameter(name, TEXT, "header") for name in ("If-Match", "If-None-Match")]
_TAG: Mapping[str, Schema] = {"ETag": {"schema": TEXT}}


def _operation(
    name: str,
    summary: str,
    answers: Mapping[int, str],
    *,
    parameters: Iterable[Schema] = (),
    body: str | None = None,
    problems: Iterable[int] = (),
) -> Schema:
    return operation(
        name,
        summary,
        {status: _answer(status, schema) for status, schema in answers.items()},
        parameters=parameters,
        body=body,
        problems={*_ALWAYS, *problems, *(_WITH_BODY if body else ())},
    )


def _answer(status: int, schema: str) -> Schema:
    if not schema:
        return {"description": HTTPStatus(status).phrase}
    told = content(status, ref(schema))
    return {**told, "headers": dict(_TAG)} if schema == "Timer" else told


OPERATIONS: Mapping[TimerRoute, Schema] = {
    TimerRoute.PUT: _operation(
        "put",
        "Have a timer be so",
        {200: "Timer", 201: "Timer"},
        parameters=[_ID, *_CONDITIONS],
        body="Wanted",
        problems=[404, 412],
    ),
    TimerRoute.GET: _operation(
        "get", "Show a timer", {200: "Timer"}, parameters=[_ID], problems=[404]
    ),
    TimerRoute.PATCH: _operation(
        "patch",
        "Change a timer",
        {200: "Timer"},
        parameters=[_ID, *_CONDITIONS],
        body="Patch",
        problems=[404, 412],
    ),
    TimerRoute.DELETE: _operation(
        "delete", "Have no such timer", {204: ""}, parameters=[_ID, *_CONDITIONS], problems=[412]
    ),
    TimerRoute.OCCURRENCES: _operation(
        "occurrences",
        "Tell when a timer fires",
        {200: "Occurrences"},
        parameters=[
            _ID,
            _parameter("from", MOMENT),
            _parameter("n", _count(MOST_OCCURRENCES, OCCURRENCES)),
        ],
        problems=[404],
    ),
    TimerRoute.LIST: _operation(
        "list",
        "List timers of an owner",
        {200: "Page"},
        parameters=[
            _parameter("owner", {**TEXT, "minLength": 1}),
            _parameter("state", {"enum": [state.value for state in TimerState]}),
            _parameter("limit", _count(LONGEST_PAGE, PAGE)),
            _parameter("cursor", {**TEXT, "minLength": 1}),
        ],
    ),
    TimerRoute.BATCH: _operation("batch", "Do several together", {200: "Results"}, body="Batch"),
}


def openapi(*, title: str = "Timers", version: str = "1", server: str = ".") -> dict[str, Any]:
    """Describe the API; `server` is its own address."""
    paths: dict[str, dict[str, Schema]] = {}
    for route, described in OPERATIONS.items():
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = described
    signed = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS), "securitySchemes": {"sigv4": signed}},
    }


def main(arguments: list[str] | None = None) -> None:
    """Print the document."""
    parser = argparse.ArgumentParser(prog="python -m cdk_streamer_runtime.timers.rest.openapi")
    parser.add_argument("--title", default="Timers", help="what the API is called")
    parser.add_argument("--version", default="1", help="the API's own version")
    parser.add_argument("--server", default=".", help="the API's address, the construct's url")
    given = parser.parse_args(arguments)
    document = openapi(title=given.title, version=given.version, server=given.server)
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
