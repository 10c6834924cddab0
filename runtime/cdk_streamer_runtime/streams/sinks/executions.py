"""Sink for Step Functions: start an execution, once for each event and input."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.sinks.limits import (
    EXECUTION_INPUT_BYTES,
    EXECUTION_NAME_CHARACTERS,
    within,
)
from cdk_streamer_runtime.streams.sinks.requests import (
    Wanted,
    call,
    known_as,
    needed,
    text_of,
    use,
)

_EXISTS = "ExecutionAlreadyExists"
_DIGEST = 32


def start_execution(
    *,
    machine: str,
    request: str = "start_execution_request",
    response: str = "start_execution_response",
    name: str = "start_execution",
) -> Call:
    """Give a step that starts an execution: `{"input": ...}` with a text or any JSON value.

    Its name is the event's id, or the request's `name`, with a digest of the input: the same event
    starts a standard machine once within 90 days, however often it comes. An express machine knows
    no names, and is started each time.
    """

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        given = needed(wanted.request, "input")
        text = text_of(given["input"], world)
        within(size(text), EXECUTION_INPUT_BYTES, "the input of an execution")
        parameters = {
            "stateMachineArn": world.resources.address(ResourceKind.STATE_MACHINE, machine),
            "name": execution_name(given.get("name") or wanted.id, text),
            "input": text,
        }
        try:
            answer = world.aws.call("states", "StartExecution", parameters)
        except AwsError as error:
            # The name tells the input, so it is this very execution.
            if error.code != _EXISTS:
                raise
            answer = {}
        return {**answer, "name": parameters["name"]}

    uses = (use(ResourceKind.STATE_MACHINE, machine, "states:StartExecution"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def execution_name(id: str, text: str) -> str:
    """Give the name of an execution for an event and its input."""
    own = known_as(id, EXECUTION_NAME_CHARACTERS - _DIGEST - 1)
    return f"{own}-{digest(text)[:_DIGEST]}"
