"""What is wanted of timers as requests of the REST API, and what its responses say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.runtime.timers.simulation.population import body
from tests.runtime.timers.simulation.wishes import Answer, Verb, Wish


def event(wishes: list[Wish]) -> dict[str, Any]:
    """Write a request: one wish, or a batch of several."""
    return _single(wishes[0]) if len(wishes) == 1 else _batch(wishes)


def answer(response: Mapping[str, Any], wishes: list[Wish]) -> Answer:
    """Read a response."""
    return _answer(response) if len(wishes) == 1 else _answers(response, wishes)


def _event(method: str, resource: str, id: str | None, document: object) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "resource": resource,
        "pathParameters": None if id is None else {"id": id},
        "headers": {"Content-Type": "application/json"},
        "body": None if document is None else json.dumps(document),
        "isBase64Encoded": False,
    }


def _single(wish: Wish) -> dict[str, Any]:
    resource = "/periodic/{id}"
    match wish.verb:
        case Verb.PUT:
            return _event("PUT", resource, wish.id, _wanted(wish))
        case Verb.DELETE:
            return _event("DELETE", resource, wish.id, None)
        case _:
            return _event("PATCH", resource, wish.id, _patch(wish))


def _batch(wishes: list[Wish]) -> dict[str, Any]:
    entries: list[Mapping[str, Any]] = []
    for wish in wishes:
        match wish.verb:
            case Verb.PUT:
                entries.append({"id": wish.id, "put": _wanted(wish)})
            case Verb.DELETE:
                entries.append({"id": wish.id, "delete": True})
            case _:
                entries.append({"id": wish.id, "patch": _patch(wish)})
    return _event("POST", "/periodic:batch", None, {"entries": entries})


def _wanted(wish: Wish) -> dict[str, Any]:
    assert wish.definition is not None
    return body(wish.definition)


def _patch(wish: Wish) -> dict[str, str]:
    return {"state": "PAUSED" if wish.verb is Verb.PAUSE else "ACTIVE"}


def _answer(response: Mapping[str, Any]) -> Answer:
    headers = {name.lower(): value for name, value in response["headers"].items()}
    tag = headers.get("etag")
    return Answer(statuses=(response["statusCode"],), revisions=(_revision(tag),))


def _answers(response: Mapping[str, Any], wishes: list[Wish]) -> Answer:
    if response["statusCode"] not in {200, 422}:
        return Answer(statuses=(response["statusCode"],), revisions=(None,) * len(wishes))
    results = json.loads(response["body"]).get("results", [])
    return Answer(
        statuses=tuple(result["status"] for result in results) or (response["statusCode"],),
        revisions=tuple(_revision(result.get("etag")) for result in results),
    )


def _revision(tag: str | None) -> int | None:
    return None if tag is None else int(tag.strip('"'))
