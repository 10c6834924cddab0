"""Durable executions in front of the engine: AWS's local runner keeps them, the engine runs them.

The engine starts no execution in the background and forgets their names, so what AWS does with a
function that has a DurableConfig happens here: the name makes a start idempotent, and what the SDK
and operators ask goes to the runner. Whether a caller may do what it asks is the engine's answer.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

WARM_UP = "cdk-streamer:warm-up"  # the bootstrap, which nobody can import, has it too
CONFIGURATION_PATH = "/_cdk-streamer/durable-functions"
_INVOKE = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations")
_EXECUTION = re.compile(r"(?P<prefix>/2025-12-01/durable-executions/)(?P<arn>[^/]+)(?P<rest>/.*)?")
_LIST = re.compile(
    r"(?P<prefix>/2025-12-01/functions/)(?P<function>[^/]+)(?P<rest>/durable-executions)"
)
_CALLBACK = re.compile(r"/2025-12-01/durable-execution-callbacks/.+")
_FUNCTION = re.compile(r"(arn:[^:]+:lambda:(?P<region>[^:]+):(?P<account>\d+):function:)?"
                       r"(?P<name>[^:]+)(:(?P<qualifier>[^:]+))?")  # fmt: skip
_RUNNER_ARN = re.compile(rb"[0-9a-f-]{36}/(?P<last>[0-9a-f]{32})")
# How the runner marks an invocation of its own, which is not to start another execution.
_MARK = b"x-dex-handler-invoke"
_NAME = b"x-amz-durable-execution-name"
_TYPE = b"x-amz-invocation-type"
_HOP = {b"content-length", b"connection", b"transfer-encoding"}
_POLL_SECONDS = 0.1
_SYNCHRONOUS_SECONDS = 900  # https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
_FORBIDDEN, _NOT_FOUND = 403, 404
_UNQUALIFIED = "You cannot invoke a durable function using an unqualified ARN."
_OTHER_PAYLOAD = "the name belongs to an execution with another payload"
_CLOSED = "is not in STARTED state"  # how the runner says that a callback was answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the runner is, and for how many seconds each durable function may go on."""

    runner: str
    functions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request, read to its end."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        """Give a header's value, or an empty text."""
        return next((value.decode() for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes = b""
    headers: Headers = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A started execution: its address here and the runner's own."""

    arn: str
    runner_arn: str
    payload: bytes


class DurableFront:
    """The engine with durable executions, once it was told which functions are durable."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._settings: Settings | None = None
        self._named: dict[tuple[str, str], asyncio.Future[Execution]] = {}
        self.arns: dict[str, str] = {}  # by the last part, which both addresses share
        self._runner_arns: dict[str, str] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer what is about durable functions, and leave everything else to the engine."""
        if scope["type"] != "http" or not self._concerns(scope):
            await self._application(scope, receive, send)
            return
        answer = await self._answer(scope, await _read(scope, receive))
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _concerns(self, scope: Message) -> bool:
        path = _path(scope)
        if path == CONFIGURATION_PATH:
            return True
        if self._settings is None:
            return False
        if found := _INVOKE.fullmatch(path):
            return _name(found["function"]) in self._settings.functions
        return any(route.fullmatch(path) for route in (_EXECUTION, _LIST, _CALLBACK))

    async def _answer(self, scope: Message, request: Request) -> Answer:
        if request.path == CONFIGURATION_PATH:
            self._settings = Settings(**json.loads(request.body))
            return Answer(status=204)
        if found := _INVOKE.fullmatch(request.path):
            if request.header(_MARK):
                return await self._engine(scope, self._with_public_arn(request))
            if WARM_UP.encode() in request.body:
                return await self._engine(scope, request)
            return await self._invoke(scope, request, found["function"])
        # What the engine knows nothing of is not found there, unless the caller may not even ask.
        verdict = await self._engine(scope, request)
        if verdict.status == _FORBIDDEN:
            return verdict
        return await self._operate(request)

    async def _invoke(self, scope: Message, request: Request, function: str) -> Answer:
        # The engine says whether the caller may; what it invokes then knows not to do anything.
        verdict = await self._engine(scope, request)
        if verdict.status >= 300:  # noqa: PLR2004 - it is HTTP's
            return verdict
        parts = _FUNCTION.fullmatch(unquote(function))
        if parts is None or not parts["qualifier"]:
            return _fault("InvalidParameterValueException", _UNQUALIFIED)
        name = request.header(_NAME) or str(uuid.uuid4())
        execution = await self._started(parts, name, request)
        if execution.payload != request.body:
            return _fault("DurableExecutionAlreadyStartedException", _OTHER_PAYLOAD, status=409)
        found = (b"x-amz-durable-execution-arn", execution.arn.encode())
        if request.header(_TYPE) == "Event":
            return Answer(status=202, headers=(found,))
        return await self._result(execution, found)

    async def _started(self, parts: re.Match[str], name: str, request: Request) -> Execution:
        """Start an execution, or give the one of that name, even while it is being started."""
        key = (parts["name"], name)
        if key not in self._named:
            self._named[key] = asyncio.ensure_future(self._start(parts, name, request))
        try:
            return await asyncio.shield(self._named[key])
        except Exception:
            self._named.pop(key, None)  # the next one tries again
            raise

    async def _start(self, parts: re.Match[str], name: str, request: Request) -> Execution:
        assert self._settings is not None  # noqa: S101 - nothing is durable before
        last = uuid.uuid4().hex
        region, account = parts["region"] or "us-east-1", parts["account"] or "000000000000"
        # Before the start: its first invocation may be here sooner than the runner's answer.
        self.arns[last] = (
            f"arn:aws:lambda:{region}:{account}:function:{parts['name']}:{parts['qualifier']}"
            f"/durable-execution/{name}/{last}"
        )
        document = {
            "AccountId": account,
            "FunctionName": parts["name"],
            "FunctionQualifier": "$LATEST",  # edits change this one
            "ExecutionName": name,
            "ExecutionTimeoutSeconds": self._settings.functions[parts["name"]],
            "ExecutionRetentionPeriodDays": 1,
            "InvocationId": last,
            "Input": request.body.decode(),
        }
        answer = await self._runner("POST", "/start-durable-execution", json.dumps(document))
        runner_arn = json.loads(answer.body)["ExecutionArn"]
        self._runner_arns[last] = runner_arn
        return Execution(arn=self.arns[last], runner_arn=runner_arn, payload=request.body)

    async def _result(self, execution: Execution, found: tuple[bytes, bytes]) -> Answer:
        path = f"/2025-12-01/durable-executions/{quote(execution.runner_arn, safe='')}"
        document: dict[str, Any] = {}
        for _ in range(int(_SYNCHRONOUS_SECONDS / _POLL_SECONDS)):
            document = json.loads((await self._runner("GET", path)).body)
            if document.get("Status") != "RUNNING":
                break
            await asyncio.sleep(_POLL_SECONDS)
        if document.get("Status") == "SUCCEEDED":
            return Answer(status=200, body=(document.get("Result") or "null").encode(),
                          headers=(found,))  # fmt: skip
        error = json.dumps(document.get("Error") or {"ErrorMessage": document.get("Status")})
        failed = (b"x-amz-function-error", b"Unhandled")
        return Answer(status=200, body=error.encode(), headers=(found, failed))

    async def _operate(self, request: Request) -> Answer:
        path = request.path
        if found := _EXECUTION.fullmatch(path):
            last = unquote(found["arn"]).rpartition("/")[2]
            if last not in self._runner_arns:
                return _fault("ResourceNotFoundException", "no such execution", status=_NOT_FOUND)
            arn = quote(self._runner_arns[last], safe="")
            path = f"{found['prefix']}{arn}{found['rest'] or ''}"
        elif found := _LIST.fullmatch(path):
            path = f"{found['prefix']}{_name(found['function'])}{found['rest']}"
        query = f"?{request.query.decode()}" if request.query else ""
        answer = await self._runner(request.method, path + query, request.body)
        told = replace(answer, body=_RUNNER_ARN.sub(self._public_arn, answer.body))
        return told if told.status < 400 else _refused(told)  # noqa: PLR2004 - it is HTTP's

    def _public_arn(self, found: re.Match[bytes]) -> bytes:
        return self.arns[found["last"].decode()].encode()

    def _with_public_arn(self, request: Request) -> Request:
        document = json.loads(request.body)
        last = document["DurableExecutionArn"].rpartition("/")[2]
        document["DurableExecutionArn"] = self.arns[last]
        return replace(request, body=json.dumps(document).encode())

    async def _runner(self, method: str, path: str, body: str | bytes = b"") -> Answer:
        assert self._settings is not None  # noqa: S101 - nothing is durable before
        return await asyncio.to_thread(_fetch, self._settings.runner, method, path, body)

    async def _engine(self, scope: Message, request: Request) -> Answer:
        """Let the engine answer a request that was read already."""
        headers = [pair for pair in request.headers if pair[0] not in _HOP]
        headers.append((b"content-length", str(len(request.body)).encode()))
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Message) -> None:
            said.append(message)

        await self._application({**scope, "headers": headers}, receive, send)
        start, *rest = said
        return Answer(
            status=start["status"],
            body=b"".join(message.get("body", b"") for message in rest),
            headers=tuple(pair for pair in start["headers"] if pair[0].lower() not in _HOP),
        )


async def _read(scope: Message, receive: Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=_path(scope),
        query=scope.get("query_string", b""),
        headers=tuple((key.lower(), value) for key, value in scope["headers"]),
        body=body,
    )


def _path(scope: Message) -> str:
    """Give the path as it was sent: an ARN has slashes of its own, which are quoted there."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode()


def _name(function: str) -> str:
    found = _FUNCTION.fullmatch(unquote(function))
    return found["name"] if found else ""


def _fetch(runner: str, method: str, path: str, body: str | bytes) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(runner).netloc, timeout=60)
    try:
        connection.request(method, path, body or None, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(status=response.status, body=response.read())
    finally:
        connection.close()


def _refused(answer: Answer) -> Answer:
    """Say what the runner refused as Lambda says it: with its code in a header."""
    told = {"Type": "ServiceException", "Message": "", **json.loads(answer.body or b"{}")}
    if _CLOSED in told["Message"]:
        return _fault("CallbackTimeoutException", "the callback is closed")
    return _fault(told["Type"], told["Message"], status=answer.status)


def _fault(code: str, message: str, *, status: int = 400) -> Answer:
    document = {"Type": "User", "Message": message, "message": message}
    headers = ((b"content-type", b"application/json"), (b"x-amzn-errortype", code.encode()))
    return Answer(status=status, body=json.dumps(document).encode(), headers=headers)
