"""Answers the WebSocket gateway; in the engine's process.

The gateway asks what APIs there are, has functions invoked, and leaves to the engine who may do
what: all on one Unix socket, whose questions are answered side by side.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

from cdk_streamer_local.engine.durable_messages import Application, Message, Receive, Send
from cdk_streamer_local.engine.socket_signers import Signers
from cdk_streamer_local.gateway.framing import Framing

Question = Mapping[str, Any]
Answer = Mapping[str, Any]

_APIS = "/_aws/execute-api/"
_log = logging.getLogger(__name__)


class SocketBridge:
    """The engine with a socket beside it; `others` answer kinds of questions of other parts."""

    def __init__(
        self,
        application: Application,
        path: Path,
        engine: Engine,
        others: Mapping[str, Callable[[Question], Awaitable[Answer]]],
    ) -> None:
        self._application = application
        self._path = path
        self._answers: dict[str, Callable[[Question], Awaitable[Answer]]] = {
            "describe": engine.describe,
            "invoke": engine.invoke,
            "sign": engine.sign,
            **others,
        }
        self._server: asyncio.Server | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Begin to answer before the engine says that it is ready."""
        if scope["type"] == "lifespan":
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(
                lambda: _Line(self._answers), str(self._path)
            )
        if scope["type"] == "websocket" and scope["path"].startswith(_APIS):
            await send({"type": "websocket.close"})  # the gateway's address is another
            return
        await self._application(scope, receive, send)


class Engine:
    """What the gateway asks of the engine itself."""

    def __init__(self, apis: Any, functions: Any, concurrency: Any, signers: Signers) -> None:  # noqa: ANN401 - its modules
        self._apis = apis
        self._functions = functions
        self._concurrency = concurrency
        self._signers = signers

    async def describe(self, question: Question) -> Answer:
        """Tell all that there is to know about an API."""
        api_id: str = question["api"]
        for (account, region, name), api in list(self._apis._apis.all_items()):  # noqa: SLF001
            if name == api_id:
                return self._described(api_id, api, account, region)
        return {}

    async def invoke(self, question: Question) -> Answer:
        """Invoke a function as the engine's own Invoke does: by a free worker of its own."""
        record, configuration, _ = self._functions._get_func_record_for_ref_in_scope(  # noqa: SLF001
            question["function"], account_id=question["account"], region=question["region"]
        )
        if record is None or configuration is None:
            return {"error": f"there is no function {question['function']!r}"}
        result: dict[str, Any] = await self._concurrency.run_reentrant(
            self._functions._run_with_function_config_scope,  # noqa: SLF001
            configuration,
            self._executed,
            self._functions._execution_record_for_config(record, configuration),  # noqa: SLF001
            question["event"],
        )
        return outcome(result)

    async def sign(self, question: Question) -> Answer:
        """Judge a handshake that is to be signed."""
        return self._signers.judge(question)

    def _executed(self, record: Question, event: object) -> Question:
        began = time.monotonic()
        result = self._functions._execute_function(record, event)  # noqa: SLF001
        self._functions._emit_lambda_metrics(  # noqa: SLF001
            record["config"]["FunctionName"],
            duration_ms=(time.monotonic() - began) * 1000,
            error=bool(result.get("error")),
            throttle=bool(result.get("throttle")),
        )
        return result

    def _described(self, api_id: str, api: Question, account: str, region: str) -> Answer:
        scoped = {
            name: getattr(self._apis, f"_{name}").get_scoped(account, region, api_id, {})
            for name in ("routes", "integrations", "authorizers", "stages")
        }
        return {
            "protocol": api.get("protocolType", "HTTP"),
            "account": account,
            "region": region,
            "selection": api.get("routeSelectionExpression") or "$request.body.action",
            "routes": list(scoped["routes"].values()),
            "integrations": scoped["integrations"],
            "authorizers": scoped["authorizers"],
            "stages": {
                name: stage.get("stageVariables") or {} for name, stage in scoped["stages"].items()
            },
        }


class _Line(asyncio.Protocol):
    """One gateway."""

    def __init__(self, answers: Mapping[str, Callable[[Question], Awaitable[Answer]]]) -> None:
        self._answers = answers
        self._framing = Framing()
        self._under_way: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where the answers go."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Begin to answer what was asked."""
        for message in self._framing.feed(data):
            task = asyncio.ensure_future(self._answer(json.loads(message)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _answer(self, question: Question) -> None:
        number = question["number"]
        try:
            answer = await self._answers[question["kind"]](question)
            told = Framing.encode({"answer": answer, "number": number})
        except Exception as fault:  # noqa: BLE001 - the engine's own; the gateway tells its client
            _log.error("%s failed: %s", question.get("kind"), traceback.format_exc())
            told = Framing.encode({"fault": f"{type(fault).__name__}: {fault}", "number": number})
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(told)


def outcome(result: Mapping[str, Any]) -> Answer:
    """Say in the gateway's words how an invocation ended."""
    body: Any = result.get("body")
    if result.get("throttle"):
        return {"error": "throttled"}
    if result.get("error"):
        return {"error": json.dumps(body, default=str)}
    if isinstance(body, bytes):
        body = body.decode(errors="replace")
    return {"result": body}
