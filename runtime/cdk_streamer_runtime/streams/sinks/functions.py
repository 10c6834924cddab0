"""Sink for Lambda: invoke a function, with or without waiting for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.documents import decode, size
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.sinks.limits import (
    ASYNC_INVOCATION_BYTES,
    INVOCATION_BYTES,
    within,
)
from cdk_streamer_runtime.streams.sinks.requests import Wanted, call, needed, use


def invoke(
    *,
    function: str,
    request: str = "invoke_request",
    response: str = "invoke_response",
    wait: bool = True,
    name: str = "invoke",
) -> Call:
    """Give a step that invokes a function: `{"Payload": ...}` with any JSON value.

    With `wait` the response has what it returns under `Payload`, and what it raises is
    FunctionFailed; it has ten seconds. Without, Lambda queues the event. A function may be invoked
    twice for one event: let it be idempotent by what is in the payload.
    """
    kind = "RequestResponse" if wait else "Event"
    most = INVOCATION_BYTES if wait else ASYNC_INVOCATION_BYTES
    headers = {"content-type": "application/json", "x-amz-invocation-type": kind}

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        encoded = world.encode(needed(wanted.request, "Payload")["Payload"])
        text = encoded if isinstance(encoded, str) else encoded.decode()
        within(size(text), most, "the payload of an invocation")
        address = quote(world.resources.address(ResourceKind.FUNCTION, function), safe="")
        path = f"/2015-03-31/functions/{address}/invocations"
        answer = world.aws.rest("lambda", "POST", path, body=text.encode(), headers=headers)
        return {"Payload": decode(answer) if answer else None}

    uses = (use(ResourceKind.FUNCTION, function, "lambda:InvokeFunction"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)
