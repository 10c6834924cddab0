"""The engine's side of the bridge, for tests of the gateway: APIs and functions in this process.

It speaks the real protocol on a real Unix socket. A function is any callable that takes an event;
what it raises is a function's error.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cdk_streamer_local.gateway.framing import Framing

Event = dict[str, Any]
Function = Callable[[Event], object]

ACCOUNT, REGION = "123456789012", "eu-west-1"


def api(
    routes: Mapping[str, str],
    *,
    seconds: float = 29,
    selection: str = "$request.body.action",
    connect: Mapping[str, str] | None = None,
    identity: tuple[str, ...] = (),
    stages: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Describe an API: which function is behind which route; `connect` adds to `$connect`."""
    return {
        "protocol": "WEBSOCKET",
        "account": ACCOUNT,
        "region": REGION,
        "selection": selection,
        "routes": [
            {"routeKey": key, "target": f"integrations/{function}"}
            | (dict(connect or {}) if key == "$connect" else {})
            for key, function in routes.items()
        ],
        "integrations": {
            function: {
                "integrationType": function if function in {"MOCK", "HTTP"} else "AWS_PROXY",
                "integrationUri": _uri(function),
                "timeoutInMillis": seconds * 1000,
            }
            for function in routes.values()
        },
        "authorizers": {
            "guard": {"authorizerUri": _uri("guard"), "identitySource": list(identity)}
        },
        "stages": stages or {"live": {}},
    }


class StandIn:
    """Answers a gateway; `apis` and `functions` may be changed while it does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.apis: dict[str, dict[str, Any]] = {}
        self.functions: dict[str, Function] = {}
        self.invocations: list[tuple[str, Event]] = []
        self.signed: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {"identity": {}}
        self.released = threading.Event()
        self.verdict: Mapping[str, Any] = {"allowed": True, "key": None}
        self._changed = threading.Condition()
        self.lines: set[_Line] = set()

    @contextlib.contextmanager
    def served(self) -> Iterator[StandIn]:
        """Answer on another thread."""
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(
            loop.create_unix_server(lambda: _Line(self), str(self.path))
        )
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            self.hang_up()
            loop.run_until_complete(self._alone())
            loop.close()

    def hang_up(self) -> None:
        """End every connection of a gateway, as an engine that dies does."""
        for line in list(self.lines):
            line.hang_up()

    async def _alone(self) -> None:
        while self.lines:  # noqa: ASYNC110 - the loop has to turn, nothing else
            await asyncio.sleep(0)

    def events(self, function: str, kind: str) -> list[Event]:
        """Give the events of a kind that a function was invoked with."""
        return [
            event
            for name, event in self.invocations
            if name == function and event["requestContext"]["eventType"] == kind
        ]

    def wait_for(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Return when the condition holds after some invocation."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), "it never came to that"

    def answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a question."""
        match question["kind"]:
            case "describe":
                return self.apis.get(question["api"], {})
            case "invoke":
                return self._invoke(question["function"], question["event"])
            case "sign":
                return self.signed(question)
            case _:
                return self.verdict

    def _invoke(self, function: str, event: Event) -> Mapping[str, Any]:
        name = function.rpartition(":")[2]
        with self._changed:
            self.invocations.append((name, event))
            self._changed.notify_all()
        try:
            return {"result": self.functions[name](event)}
        except Exception as fault:  # noqa: BLE001 - the function's own
            return {"error": str(fault)}


class _Line(asyncio.Protocol):
    def __init__(self, engine: StandIn) -> None:
        self._engine = engine
        self._framing = Framing()
        self._loop = asyncio.get_event_loop()
        self._tasks: set[asyncio.Future[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._engine.lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._engine.lines.discard(self)

    def data_received(self, data: bytes) -> None:
        for message in self._framing.feed(data):
            threading.Thread(target=self._answer, args=(json.loads(message),), daemon=True).start()

    def hang_up(self) -> None:
        self._loop.call_soon_threadsafe(self._transport.abort)

    def _answer(self, question: Mapping[str, Any]) -> None:
        told = Framing.encode(
            {"answer": self._engine.answer(question), "number": question["number"]}
        )
        with contextlib.suppress(RuntimeError):  # nobody waits for it any more
            self._loop.call_soon_threadsafe(self._transport.write, told)


def _uri(function: str) -> str:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def ok(event: Event) -> object:
    """A function that is content with everything."""
    del event
    return {"statusCode": 200}


def slow(seconds: float) -> Function:
    """A function that takes its time."""

    def function(event: Event) -> object:
        time.sleep(seconds)
        return ok(event)

    return function
