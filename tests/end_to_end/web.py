"""A caller over HTTP who knows only the wire contract, and checks every answer against OpenAPI."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from jsonschema import Draft202012Validator

from cdk_streamer_client.schemas.documents import closed
from tests.end_to_end.wire import PATIENCE

Document = dict[str, Any]

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})
POLLS = 5  # of 20 seconds, for the slowest machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def problem(self) -> Document:
        """Give the RFC 9457 document; raises AssertionError if this is none."""
        assert self.headers["content-type"] == "application/problem+json", self.document
        assert self.document["status"] == self.status
        return self.document


class Web:
    """One caller; without a token, nobody in particular. `describe` gives the API's OpenAPI."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        tls: ssl.SSLContext,
        describe: Callable[[], Document],
    ) -> None:
        self.url = url
        self._token = token
        self._tls = tls
        self._describe = describe

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Answer:
        """Ask once and give the answer, whatever its status."""
        content = None if body is None else json.dumps(body).encode()
        return self.say(method, path, content, headers=headers, **query)

    def say(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Answer:
        """Send bytes that may be no document at all, as JSON."""
        given = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        given |= {} if content is None else {"Content-Type": "application/json"}
        url = f"{self.url}{path}{'?' if query else ''}{urlencode(query)}"
        asked = urllib.request.Request(url, content, {**given, **(headers or {})}, method=method)
        answer = self._answer(asked, url)
        # What our code did not answer is API Gateway's: who is not let in, and other addresses.
        if path != "/openapi.json" and "cache-control" in answer.headers:
            _check(self._describe(), method, path, answer)
        return answer

    def get(self, request_id: str, **query: int) -> Document:
        """Give how a request stands."""
        answer = self.ask("GET", f"/requests/{request_id}", headers=None, **query)
        assert answer.status == 200, answer.document
        return answer.document

    def post(
        self, action: str, payload: object = None, *, id: str | None = None, **headers: str
    ) -> Answer:
        """Ask for an action; `id` goes as Idempotency-Key, other headers as they are."""
        body = {"action": action} if payload is None else {"action": action, "payload": payload}
        key = {} if id is None else {"Idempotency-Key": f'"{id}"'}
        return self.ask("POST", "/requests", body, headers={**key, **headers})

    def submit(self, action: str, payload: object = None, *, id: str | None = None) -> str:
        """Start an async request and give its id."""
        answer = self.post(action, payload, id=id)
        assert answer.status == 202, answer.document
        return answer.document["request_id"]

    def finish(self, request_id: str) -> Document:
        """Give how a request ended, by long polls."""
        for _ in range(POLLS):
            snapshot = self.get(request_id, wait=20)
            if snapshot["state"] in ENDED:
                return snapshot
        raise TimeoutError(f"request {request_id} has not ended")

    def follow(self, answer: Answer) -> Answer:
        """Go to where an answer's `Location` leads, as RFC 9110 resolves it."""
        place = urljoin(answer.url, answer.headers["location"])
        assert place.startswith(self.url)
        return self.ask("GET", place.removeprefix(self.url))

    def _answer(self, asked: urllib.request.Request, url: str) -> Answer:
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE, context=self._tls) as answer:
                return _read(url, answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return _read(url, refused)


def _read(url: str, answer: Any) -> Answer:
    text = answer.read().decode()
    return Answer(
        url=url,
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        document=json.loads(text) if text else None,
    )


def _check(document: Document, method: str, path: str, answer: Answer) -> None:
    """Raise ValidationError or AssertionError for an answer that OpenAPI does not promise."""
    responses = document["paths"][_template(document, path)][method.lower()]["responses"]
    content = responses[str(answer.status)]["content"]
    schema = content[answer.headers["content-type"]]["schema"]
    components = {"schemas": strict(document["components"]["schemas"])}
    Draft202012Validator({**schema, "components": components}).validate(answer.document)


def strict(schemas: Document) -> Document:
    """Close the schemas, since a member that callers ignore may be a misspelled one."""
    return closed({"$defs": schemas})["$defs"]


def _template(document: Document, path: str) -> str:
    for template in document["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return template
    raise AssertionError(f"OpenAPI does not know {path}")
