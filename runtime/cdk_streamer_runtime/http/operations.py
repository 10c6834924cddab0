"""The routes of the HTTP API as OpenAPI's operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from cdk_streamer_runtime.contract import REQUEST_ID_PATTERN, WAIT_SECONDS, HttpRoute, State
from cdk_streamer_runtime.exchange import JSON
from cdk_streamer_runtime.http.schemas import COUNT, REQUEST_ID
from cdk_streamer_runtime.operations import Schema, content, operation, ref
from cdk_streamer_runtime.requests.inquiries import LARGEST_PAGE, LONGEST_REASON

_CURSOR = rf'^\["[0-9]{{15}}#{REQUEST_ID_PATTERN}","[A-Za-z0-9_-]{{43}}"\]$'
# What any request can meet, whatever it asks for.
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_WITH_BODY = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_OF_REQUEST = (HTTPStatus.NOT_FOUND,)


def _query(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _header(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "header", "schema": schema, "description": text}


_ID = {"name": "request_id", "in": "path", "required": True, "schema": REQUEST_ID}
_PREFER = _header(
    "Prefer",
    {"type": "string"},
    f"RFC 7240: `wait=N` waits up to N seconds, {WAIT_SECONDS} at most; `respond-async` queues",
)
_WAIT: Schema = {"type": "integer", "minimum": 0, "maximum": WAIT_SECONDS}


def _operation(
    name: str,
    summary: str,
    answers: Mapping[int, str],
    *,
    parameters: Iterable[Schema] = (),
    body: str | None = None,
    problems: Iterable[HTTPStatus] = (),
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
    return content(status, ref(schema) if schema else {"type": "object"})


def _submit() -> Schema:
    submit = _operation(
        "submit",
        "Ask for an action",
        {200: "", 202: "Snapshot"},
        parameters=[
            _header("Idempotency-Key", REQUEST_ID, "the request's id, bare or in quotes"),
            _PREFER,
        ],
        body="Submission",
        problems=[
            *(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
            *(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.GATEWAY_TIMEOUT),
        ],
    )
    submit["responses"]["200"] = {
        "description": "the answer of a sync action, or an async one that has ended",
        "content": {JSON: {"schema": {"oneOf": [ref("Response"), ref("Snapshot")]}}},
    }
    location = {"schema": {"type": "string", "format": "uri-reference"}}
    submit["responses"]["202"]["headers"] = {"Location": location}
    return submit


OPERATIONS: Mapping[HttpRoute, Schema] = {
    HttpRoute.SUBMIT: _submit(),
    HttpRoute.LIST: _operation(
        "list",
        "List one's requests, newest first",
        {200: "Page"},
        parameters=[
            _query("state", {"enum": [state.value for state in State]}, "only those in a state"),
            _query(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": 20},
                "how many are looked at",
            ),
            _query("cursor", {"type": "string", "pattern": _CURSOR}, "from the page before"),
        ],
    ),
    HttpRoute.GET: _operation(
        "get",
        "Ask how a request stands, or wait for news of it",
        {200: "Snapshot"},
        parameters=[
            _ID,
            _query("wait", _WAIT, "seconds to wait for an end, or for news after `after_seq`"),
            _query("after_seq", {**COUNT, "maximum": 2**53}, "the number of the latest known news"),
            _PREFER,
        ],
        problems=_OF_REQUEST,
    ),
    HttpRoute.CANCEL: _operation(
        "cancel",
        "Cancel a request",
        {200: "Standing", 202: "Standing"},
        parameters=[
            _ID,
            _query(
                "reason",
                {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON},
                "why, for its log",
            ),
        ],
        problems=_OF_REQUEST,
    ),
    HttpRoute.CHUNKS: _operation(
        "chunks",
        "Read partial output",
        {200: "ChunkPage"},
        parameters=[_ID, _query("from", {**COUNT, "maximum": 2**53}, "the first index wanted")],
        problems=_OF_REQUEST,
    ),
    HttpRoute.INPUT: _operation(
        "input",
        "Give the input that a request waits for",
        {200: "Standing"},
        parameters=[_ID],
        body="Input",
        problems=[*_OF_REQUEST, HTTPStatus.CONFLICT],
    ),
    HttpRoute.UPLOAD: _operation(
        "upload",
        "Get an address for what is too large for a payload",
        {201: "Upload"},
        body="UploadWish",
        problems=_OF_REQUEST,
    ),
    HttpRoute.TICKET: _operation(
        "ticket",
        "Get a ticket for one connection of the socket",
        {201: "Ticket"},
        problems=_OF_REQUEST,
    ),
    HttpRoute.ACTIONS: _operation("actions", "List the actions", {200: "Actions"}),
    HttpRoute.OPENAPI: _operation("openapi", "Give this document", {200: ""}),
}
