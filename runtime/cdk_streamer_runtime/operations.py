"""What the OpenAPI documents of all APIs are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.exchange import JSON, PROBLEM_JSON

Schema = dict[str, Any]

COMPONENTS = "#/components/schemas/"


def ref(name: str) -> Schema:
    """Refer to a component."""
    return {"$ref": f"{COMPONENTS}{name}"}


def thing(properties: Mapping[str, Schema], *optional: str, text: str | None = None) -> Schema:
    """Describe an object whose members are required, but for the optional ones.

    It may have others: later versions may tell more.
    """
    schema: Schema = {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": dict(properties),
    }
    return {"description": text, **schema} if text else schema


def content(status: int, schema: Schema, kind: str = JSON) -> Schema:
    """Describe a response with a document."""
    return {"description": HTTPStatus(status).phrase, "content": {kind: {"schema": schema}}}


def operation(
    name: str,
    summary: str,
    answers: Mapping[int, Schema],
    *,
    parameters: Iterable[Schema],
    body: str | None,
    problems: Iterable[int],
) -> Schema:
    """Describe a method of a path; `answers` are responses, `body` and all problems components."""
    failures = {status: content(status, ref("Problem"), PROBLEM_JSON) for status in set(problems)}
    described: Schema = {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            **{str(int(status)): answer for status, answer in answers.items()},
            **{str(int(status)): failures[status] for status in sorted(failures)},
        },
    }
    if body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": ref(body)}}}
    return described
