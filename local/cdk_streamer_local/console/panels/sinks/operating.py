"""What operators do with a sink, as `cdk-streamer sinks` does it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from itertools import islice

from cdk_streamer_local.console.panel import Body, Refused
from cdk_streamer_local.console.panels.queues.messages import drop
from cdk_streamer_local.console.panels.sinks.found import DeployedSink
from cdk_streamer_local.sinks_command.access import Reached
from cdk_streamer_local.sinks_command.operating import Refused as RefusedByController, ask
from cdk_streamer_local.sinks_command.rejected import RejectedQueue
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.sinks import ControllerCommand
from cdk_streamer_runtime.errors import FunctionFailed

Operation = Callable[[Aws, DeployedSink, Body], object]


def _pause(aws: Aws, sink: DeployedSink, _body: Body) -> object:
    with _explained(sink):
        return ask(_reached(aws, sink), ControllerCommand.PAUSE)["circuit"]


def _resume(aws: Aws, sink: DeployedSink, _body: Body) -> object:
    with _explained(sink):
        return ask(_reached(aws, sink), ControllerCommand.RESUME)["circuit"]


def _redrive(aws: Aws, sink: DeployedSink, body: Body) -> object:
    rate = {} if body.get("rate") is None else {"perSecond": body["rate"]}
    with _explained(sink):
        answer = ask(_reached(aws, sink), ControllerCommand.REDRIVE, **rate)
    if not answer["started"]:
        raise Refused(f"nothing goes back: {answer['reason']}")
    return answer


def _resubmit(aws: Aws, sink: DeployedSink, body: Body) -> object:
    """Send rejected messages to the sink again; one that somebody else has in hand is not."""
    wanted = {str(each) for each in body.get("messages", ())}
    queue = RejectedQueue(aws, sink.found.rejected)
    try:
        sent = queue.resubmit(sink.found.queue, lambda each: each.message in wanted)
        return {"sent": sum(1 for _ in islice(sent, len(wanted))), "of": len(wanted)}
    finally:
        queue.release()


def _delete(aws: Aws, sink: DeployedSink, body: Body) -> object:
    ids = [str(each) for each in body.get("messages", ())]
    return {"deleted": drop(aws, sink.found.rejected, ids)}


def _reached(aws: Aws, sink: DeployedSink) -> Reached:
    return Reached(sink=sink.found, aws=aws)


@contextlib.contextmanager
def _explained(sink: DeployedSink) -> Generator[None]:
    try:
        yield
    except FunctionFailed as error:
        raise Refused(
            f"the controller {sink.found.controller!r} failed ({error.code}); read its log"
        ) from error
    except RefusedByController as refusal:
        raise Refused(f"the controller refused: {refusal}") from refusal


VERBS: Mapping[str, Operation] = {
    "pause": _pause,
    "resume": _resume,
    "redrive": _redrive,
    "resubmit": _resubmit,
    "delete": _delete,
}
