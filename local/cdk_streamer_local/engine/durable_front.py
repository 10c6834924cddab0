"""Durable executions in front of the engine: AWS's local runner keeps them, the engine runs them.

The engine starts no execution in the background and forgets their names, so what AWS does with a
function that has a DurableConfig happens here: the name makes a start idempotent, and what the SDK
and operators ask goes to the runner. Whether a caller may do what it asks is the engine's answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from cdk_streamer_local.engine.durable_chained import REFUSED, ChainedInvocations
from cdk_streamer_local.engine.durable_messages import (
    Answer,
    Application,
    Message,
    Receive,
    Request,
    Send,
    answer,
    ask,
    fault,
    fetch,
    path_of,
    read,
)
from cdk_streamer_local.engine.durable_places import Place, Settings, Target, asker_of

WARM_UP = "cdk-streamer:warm-up"  # the bootstrap, which nobody can import, has it too
CONFIGURATION_PATH = "/_cdk-streamer/durable-functions"
_INVOKE = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations")
_EXECUTION = re.compile(r"(?P<prefix>/2025-12-01/durable-executions/)(?P<arn>[^/]+)(?P<rest>/.*)?")
_LIST = re.compile(
    r"(?P<prefix>/2025-12-01/functions/)(?P<function>[^/]+)(?P<rest>/durable-executions)"
)
_CALLBACK = re.compile(r"/2025-12-01/durable-execution-callbacks/(?P<id>[^/]+)/.+")
_RUNNER_ARN = re.compile(rb"[0-9a-f-]{36}/(?P<last>[0-9a-f]{32})")
_CHECKPOINT = "/checkpoint"
# How the runner marks an invocation of its own, which is not to start another execution.
_MARK = b"x-dex-handler-invoke"
_NAME = b"x-amz-durable-execution-name"
_TYPE = b"x-amz-invocation-type"
_AUTHORIZATION = b"authorization"
_REGION = 3  # where an ARN has it
_POLL_SECONDS = 0.1
_SYNCHRONOUS_SECONDS = 900  # https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
_FORBIDDEN, _NOT_FOUND = 403, 404
_UNQUALIFIED = "You cannot invoke a durable function using an unqualified ARN."
_OTHER_PAYLOAD = "the name belongs to an execution with another payload"
_CLOSED = "is not in STARTED state"  # how the runner says that a callback was answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A started execution: its address here and the runner's own."""

    arn: str
    runner_arn: str
    payload: bytes


class DurableFront:
    """The engine with durable executions, once it was told which functions are durable."""

    def __init__(
        self,
        application: Application,
        chained: ChainedInvocations,
        repeated: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Take what says, from outside, that an invocation comes again when it fails."""
        self._application = application
        self._chained = chained
        self._repeated = repeated
        self._settings: Settings | None = None
        self._named: dict[tuple[str, str, str], asyncio.Future[Execution]] = {}
        self.arns: dict[str, str] = {}  # by the last part, which both addresses share
        self._runner_arns: dict[str, str] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer what is about durable functions, and leave everything else to the engine."""
        if scope["type"] != "http" or not self._concerns(scope):
            await self._application(scope, receive, send)
            return
        await answer(send, await self._answer(scope, await read(scope, receive)))

    def _concerns(self, scope: Message) -> bool:
        path = path_of(scope)
        if path == CONFIGURATION_PATH:
            return True
        if self._settings is None:
            return False
        if found := _INVOKE.fullmatch(path):
            headers: dict[bytes, bytes] = {key.lower(): value for key, value in scope["headers"]}
            target = Target.read(found["function"], headers.get(_AUTHORIZATION, b"").decode())
            is_refused = target is not None and target.qualifier == REFUSED
            return is_refused or self._settings.place(target) is not None
        return any(route.fullmatch(path) for route in (_EXECUTION, _LIST, _CALLBACK))

    async def _answer(self, scope: Message, request: Request) -> Answer:
        if request.path == CONFIGURATION_PATH:
            self._settings = Settings.read(json.loads(request.body))
            return Answer(status=204)
        if found := _INVOKE.fullmatch(request.path):
            if request.header(_MARK):
                with self._repeated():
                    return await self._engine(scope, self._with_public_arn(request))
            if WARM_UP.encode() in request.body:
                return await self._engine(scope, request)
            target = Target.read(found["function"], request.header(_AUTHORIZATION))
            assert target is not None  # noqa: S101 - it concerns us
            return await self._invoke(scope, request, target)
        # What the engine knows nothing of is not found there, unless the caller may not even ask.
        verdict = await self._engine(scope, request)
        if verdict.status == _FORBIDDEN:
            return verdict
        return await self._operate(request)

    async def _invoke(self, scope: Message, request: Request, target: Target) -> Answer:
        if target.qualifier == REFUSED:
            return self._chained.answer(target)
        # The engine says whether the caller may; what it invokes then knows not to do anything.
        verdict = await self._engine(scope, request)
        if verdict.status >= 300:  # noqa: PLR2004 - it is HTTP's
            return verdict
        place = self._known.place(target)
        if place is None or not target.qualifier:
            return fault("InvalidParameterValueException", _UNQUALIFIED)
        name = request.header(_NAME) or str(uuid.uuid4())
        execution = await self._started(target, place, name, request)
        if execution.payload != request.body:
            return fault("DurableExecutionAlreadyStartedException", _OTHER_PAYLOAD, status=409)
        found = (b"x-amz-durable-execution-arn", execution.arn.encode())
        if request.header(_TYPE) == "Event":
            return Answer(status=202, headers=(found,))
        return await self._result(execution, found)

    @property
    def _known(self) -> Settings:
        assert self._settings is not None  # noqa: S101 - nothing is durable before
        return self._settings

    async def _started(
        self, target: Target, place: Place, name: str, request: Request
    ) -> Execution:
        """Start an execution, or give the one of that name, even while it is being started."""
        key = (target.region, target.name, name)
        if key not in self._named:
            self._named[key] = asyncio.ensure_future(self._start(target, place, name, request))
        try:
            return await asyncio.shield(self._named[key])
        except Exception:
            self._named.pop(key, None)  # the next one tries again
            raise

    async def _start(self, target: Target, place: Place, name: str, request: Request) -> Execution:
        last = uuid.uuid4().hex
        # Before the start: its first invocation may be here sooner than the runner's answer.
        self.arns[last] = (
            f"arn:aws:lambda:{target.region}:{place.account}:function:{target.name}"
            f":{target.qualifier}/durable-execution/{name}/{last}"
        )
        document = {
            "AccountId": place.account,
            "FunctionName": target.name,
            "FunctionQualifier": "$LATEST",  # edits change this one
            "ExecutionName": name,
            "ExecutionTimeoutSeconds": place.seconds,
            "ExecutionRetentionPeriodDays": 1,
            "InvocationId": last,
            "Input": request.body.decode(),
        }
        told = await self._runner(
            target.region, "POST", "/start-durable-execution", json.dumps(document)
        )
        runner_arn = json.loads(told.body)["ExecutionArn"]
        self._runner_arns[last] = runner_arn
        return Execution(arn=self.arns[last], runner_arn=runner_arn, payload=request.body)

    async def _result(self, execution: Execution, found: tuple[bytes, bytes]) -> Answer:
        path = f"/2025-12-01/durable-executions/{quote(execution.runner_arn, safe='')}"
        region = execution.arn.split(":")[_REGION]
        document: dict[str, Any] = {}
        for _ in range(int(_SYNCHRONOUS_SECONDS / _POLL_SECONDS)):
            document = json.loads((await self._runner(region, "GET", path)).body)
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
        path, region = request.path, ""
        if found := _EXECUTION.fullmatch(path):
            last = unquote(found["arn"]).rpartition("/")[2]
            if last not in self._runner_arns:
                return fault("ResourceNotFoundException", "no such execution", status=_NOT_FOUND)
            region = self._region(last)
            if found["rest"] == _CHECKPOINT:
                request = self._chained.judged(request, self.arns[last])
            arn = quote(self._runner_arns[last], safe="")
            path = f"{found['prefix']}{arn}{found['rest'] or ''}"
        elif found := _LIST.fullmatch(path):
            target = Target.read(found["function"], request.header(_AUTHORIZATION))
            region = target.region if target else ""
            path = f"{found['prefix']}{target.name if target else ''}{found['rest']}"
        elif found := _CALLBACK.fullmatch(path):
            region = self._region(asker_of(unquote(found["id"])))
        query = f"?{request.query.decode()}" if request.query else ""
        told = await self._runner(region, request.method, path + query, request.body)
        told = replace(told, body=_RUNNER_ARN.sub(self._public_arn, told.body))
        return told if told.status < 400 else _refused(told)  # noqa: PLR2004 - it is HTTP's

    def _region(self, last: str) -> str:
        return self.arns[last].split(":")[_REGION] if last in self.arns else ""

    def _public_arn(self, found: re.Match[bytes]) -> bytes:
        last = found["last"].decode()
        return self.arns[last].encode() if last in self.arns else found[0]

    def _with_public_arn(self, request: Request) -> Request:
        document = json.loads(request.body)
        last = document["DurableExecutionArn"].rpartition("/")[2]
        document["DurableExecutionArn"] = self.arns[last]
        return replace(request, body=json.dumps(document).encode())

    async def _runner(self, region: str, method: str, path: str, body: str | bytes = b"") -> Answer:
        runner = self._known.runner(region)
        return await asyncio.to_thread(fetch, runner, method, path, body)

    async def _engine(self, scope: Message, request: Request) -> Answer:
        return await ask(self._application, scope, request)


def _refused(told: Answer) -> Answer:
    """Say what the runner refused as Lambda says it."""
    document = {"Type": "ServiceException", "Message": "", **json.loads(told.body or b"{}")}
    if _CLOSED in document["Message"]:
        return fault("CallbackTimeoutException", "the callback is closed")
    return fault(document["Type"], document["Message"], status=told.status)
