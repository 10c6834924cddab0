"""Sink for HTTP: requests to one server, over connections that are kept.

The server is the step's, never an event's: what an event says stands in path, query, headers and
body alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from cdk_streamer_runtime._http import (
    Answer,
    BadAnswer,
    NoAnswer,
    Target,
    encoded_request,
)
from cdk_streamer_runtime._pool import Pool
from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.errors import Fatal, Retryable
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.sinks.requests import (
    Wanted,
    call,
    members,
    needed,
    text_of,
    use,
)

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
_SUCCESS, _REDIRECTION, _SERVER_FAULT = 200, 300, 500
_WAITING = frozenset({408, 409, 423, 425, 429})  # what another moment may change
_SECRETS = "http secrets"
_ABOVE = {".", ".."}  # segments with which a path leaves the URL that it is below
# What decides where a request ends and who it is for.
_OWN_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})


class HttpBusy(Retryable):
    """The server did not take a request now; `status` is 0 where it did not answer."""

    def __init__(self, status: int, *, after: float | None = None) -> None:
        super().__init__(f"the server answered {status}" if status else "the server did not answer")
        self.after = after
        self.status = status


class HttpRefused(Fatal):
    """The server does not take this request, and will not later."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


def call_http(
    *,
    url: str,
    request: str = "http_request",
    response: str = "http_response",
    authorization: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 5.0,
    network: Network | None = None,
    name: str = "call_http",
) -> Call:
    """Give a step that sends requests below a URL: `{"method": "POST", "path": "/x", "body": ...}`.

    A request may have `query` and `headers`; its body is bytes, a text or any JSON value. Each has
    an `idempotency-key` that is the same when the event comes again. `authorization` is a secret
    whose text is sent under this name. Too many requests, conflicts and 5xx raise HttpBusy, other
    refusals HttpRefused; `timeout` is in seconds. Raises ValueError for a URL that is not https,
    but on this machine.
    """
    base = _base(url)
    connections = network or Network(timeout)
    common = {name.lower(): value for name, value in (headers or {}).items()}

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        given = needed(wanted.request)
        sent = {**common, "idempotency-key": _key(wanted, given)}
        if authorization is not None:
            sent["authorization"] = _secret(authorization, world)
        answer = connections.ask(*_encoded(base, given, sent, world))
        _raise_for(answer)
        return {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}

    uses = ()
    if authorization is not None:
        uses = (use(ResourceKind.SECRET, authorization, "secretsmanager:GetSecretValue"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


class Network:
    """The connections of one step; they outlive the invocation."""

    def __init__(self, timeout: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._timeout = timeout
        self._monotonic = monotonic
        self._pool = Pool(monotonic)

    def ask(self, target: Target, data: bytes) -> Answer:
        """Send a request and give the answer; raises HttpBusy when there is none."""
        end = self._monotonic() + self._timeout

        def remaining() -> float:
            left = end - self._monotonic()
            if left <= 0:
                raise TimeoutError("the time for the request is over")
            return left

        try:
            return self._exchange(target, data, remaining)
        except (OSError, NoAnswer, BadAnswer) as error:
            raise HttpBusy(0) from error

    def close(self) -> None:
        """End the idle connections."""
        self._pool.close()

    def _exchange(self, target: Target, data: bytes, remaining: Callable[[], float]) -> Answer:
        origin = target.origin
        idle = self._pool.take(origin)
        connection = idle or self._pool.connect(origin, None, remaining())
        try:
            answer = connection.exchange(data, remaining)
        except (ConnectionError, NoAnswer):
            connection.close()
            if idle is None:
                raise
            # The server closed it while it was idle; the key makes a repetition harmless.
            connection = self._pool.connect(origin, None, remaining())
            answer = connection.exchange(data, remaining)
        except BaseException:
            connection.close()
            raise
        if answer.reusable:
            self._pool.give(origin, connection)
        else:
            connection.close()
        return answer


def _base(url: str) -> Target:
    base = Target.at(url.rstrip("/"))
    if base.origin.scheme != "https" and base.origin.host not in {"127.0.0.1", "localhost"}:
        raise ValueError(f"url must be https, got {url!r}; what events hold is not sent in clear")
    if base.query:
        raise ValueError(f"url must have no query, got {url!r}; give it with each request")
    return base


def _encoded(
    base: Target, given: Mapping[str, Any], sent: dict[str, str], world: World
) -> tuple[Target, bytes]:
    method = str(given.get("method", "POST")).upper()
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}, got {method!r}")
    own = {name.lower(): str(value) for name, value in members(given, "headers").items()}
    if forbidden := own.keys() & _OWN_HEADERS:
        raise ValueError(f"headers must not have {sorted(forbidden)}: they are set here")
    body = given.get("body")
    if body is not None and not isinstance(body, bytes | bytearray):
        if not isinstance(body, str):
            sent = {"content-type": "application/json", **sent}
        body = text_of(body, world).encode()
    query = given.get("query") or ""
    query = query if isinstance(query, str) else urlencode(query, doseq=True)
    path = str(given.get("path", ""))
    if path and not path.startswith("/"):
        raise ValueError(f"path must start with a slash, got {path!r}")
    if _ABOVE & {*unquote(path).split("/")} or "?" in path or "#" in path:
        raise ValueError(f"path must stay below the URL, got {path!r}; percent-encode its parts")
    target = Target(base.origin, f"{base.path}{path}", query)
    fields = {"host": base.origin.authority, **sent, **own}
    return target, encoded_request(method, target.text, fields, bytes(body or b""))


def _key(wanted: Wanted, given: Mapping[str, Any]) -> str:
    # Two pipelines may ask the same server for the same event.
    return wanted.id_with(*[given.get(part) for part in ("method", "path", "query", "body")])


def _raise_for(answer: Answer) -> None:
    status = answer.status
    if _SUCCESS <= status < _REDIRECTION:
        return
    if status in _WAITING or status >= _SERVER_FAULT:
        after = answer.headers.get("retry-after", "")
        raise HttpBusy(status, after=float(after) if after.isdecimal() else None)
    raise HttpRefused(status)


def _secret(name: str, world: World) -> str:
    secrets: dict[str, str] = world.memory.setdefault(_SECRETS, {})
    if name not in secrets:
        address = world.resources.address(ResourceKind.SECRET, name)
        answer = world.aws.call("secretsmanager", "GetSecretValue", {"SecretId": address})
        secrets[name] = answer["SecretString"]
    return secrets[name]
