"""The documents of the HTTP API as JSON Schema (2020-12), which OpenAPI 3.1 takes as it is."""

from __future__ import annotations

from collections.abc import Mapping

from cdk_streamer_runtime.contract import REQUEST_ID_PATTERN, ErrorCode, State
from cdk_streamer_runtime.operations import Schema, ref, thing

MOMENT: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
ANYTHING: Schema = {}
REQUEST_ID: Schema = {"type": "string", "pattern": f"^{REQUEST_ID_PATTERN}$"}
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
WEBHOOK: Schema = {
    "type": "string",
    "pattern": rf"^https://(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?(?::443)?"
    r"(?:[/?][A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?$",
    "maxLength": 2048,
    "description": "where the end of the request is told; async actions only",
}

_FAULT: Mapping[str, Schema] = {
    "code": {"enum": [code.value for code in ErrorCode]},
    "retryable": {"type": "boolean", "description": "whether the same may succeed later"},
    "retry_after_ms": {**COUNT, "description": "how long to wait before that"},
    "details": {"description": "what a program can read"},
    "trace_id": {**TEXT, "description": "for the operator of the service"},
}

_RESULT: Mapping[str, Schema] = {
    "result": {"description": "in SUCCEEDED: what the handler returned"},
    "result_url": {"type": "string", "format": "uri", "description": "instead, for a large one"},
    "result_bytes": COUNT,
    "result_expires_at": MOMENT,
}

_SNAPSHOT: Mapping[str, Schema] = {
    "type": {"const": "snapshot"},
    "request_id": ref("RequestId"),
    "seq": {**COUNT, "description": "the number of the latest news"},
    "action": TEXT,
    "state": ref("State"),
    "attempt": {"type": "integer", "minimum": 1},
    "progress": {"type": ["object", "null"], "description": "the latest report"},
    "gap": {"type": "boolean", "description": "whether seq is higher than after_seq"},
    "created_at": MOMENT,
    "timestamp": MOMENT,
    **_RESULT,
    "error": ref("Fault"),
    "reason": {**TEXT, "description": "in CANCELLED: why"},
    "next_at": {**MOMENT, "description": "in RETRY_WAIT: when the next attempt starts"},
    "input": ref("Question"),
    "chunks": {**COUNT, "description": "how many chunks this attempt has written"},
}

SCHEMAS: Mapping[str, Schema] = {
    "RequestId": REQUEST_ID,
    "State": {"enum": [state.value for state in State]},
    "Fault": thing({"message": TEXT, **_FAULT}, "retry_after_ms", "details", "trace_id"),
    "Problem": thing(
        {
            "type": {"type": "string", "format": "uri"},
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": TEXT,
            **_FAULT,
            "request_id": ref("RequestId"),
        },
        *("retry_after_ms", "details", "trace_id", "request_id"),
        text="RFC 9457, with the members of an `error` on the socket",
    ),
    "Question": thing(
        {"schema": {"type": "object"}, "prompt": TEXT, "input_id": TEXT},
        "prompt",
        text="in INPUT_REQUIRED: what is asked",
    ),
    "Snapshot": thing(
        _SNAPSHOT,
        *(*_RESULT, "error", "reason", "next_at", "input", "chunks"),
        text="how a request stands",
    ),
    "Response": thing(
        {
            "type": {"const": "response"},
            "id": {"type": ["string", "null"]},
            "request_id": {"type": ["string", "null"]},
            "action": TEXT,
            "success": {"const": True},
            "data": {"description": "what the handler returned"},
            "timestamp": MOMENT,
        },
        text="the answer of a sync action",
    ),
    "Entry": thing(
        {
            "request_id": ref("RequestId"),
            "action": TEXT,
            "state": ref("State"),
            "created_at": MOMENT,
            "ended_at": MOMENT,
        },
        "ended_at",
    ),
    "Page": thing(
        {
            "requests": {"type": "array", "items": ref("Entry")},
            "cursor": {**TEXT, "description": "for the next page; not there on the last one"},
        },
        "cursor",
    ),
    "Standing": thing({"request_id": ref("RequestId"), "state": ref("State")}),
    "ChunkPage": thing(
        {
            "request_id": ref("RequestId"),
            "state": ref("State"),
            "attempt": {"type": "integer", "minimum": 1},
            "chunks": {
                "type": "array",
                "items": thing({"chunk_index": COUNT, "data": ANYTHING}),
            },
            "next": {"type": ["integer", "null"], "minimum": 0},
        }
    ),
    "Input": thing({"value": ANYTHING, "input_id": {"type": ["string", "null"]}}, "input_id"),
    "Upload": thing(
        {
            "upload_id": TEXT,
            "url": {"type": "string", "format": "uri"},
            "method": {"const": "PUT"},
            "headers": {"type": "object", "additionalProperties": TEXT},
            "expires_at": MOMENT,
        },
        text="PUT the bytes to `url` with exactly these headers",
    ),
    "Ticket": thing({"ticket": TEXT, "expires_at": MOMENT, "subprotocol": TEXT}),
    "Actions": thing(
        {
            "actions": {
                "type": "array",
                "items": thing(
                    {
                        "name": TEXT,
                        "mode": {"enum": ["sync", "async", "either"]},
                        "input": {"type": "object", "description": "JSON Schema of the payload"},
                    }
                ),
            }
        }
    ),
    "Ending": thing(
        {
            "type": {
                "enum": [
                    f"request.{state.value.lower()}"
                    for state in (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED)
                ]
            },
            "timestamp": MOMENT,
            "data": ref("Snapshot"),
        },
        text="what a webhook gets",
    ),
}
