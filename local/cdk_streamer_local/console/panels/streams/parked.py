"""Faults that wait: what they are about, and what can be done with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.console.panel import Body, Unknown
from cdk_streamer_local.console.panels.queues.messages import drop, look
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.streams.claims.claim import ClaimRefused
from cdk_streamer_runtime.streams.claims.unpacking import redeem
from cdk_streamer_runtime.streams.faults.fault_queue import FaultQueue, Outcome
from cdk_streamer_runtime.streams.faults.parked import NotAFault, Parked

SHOWN = 100
_ROOT = re.compile(r"^.*/(layer_\d+/python|code)/")  # where the engine has unpacked a function


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedFault:
    """One message of the fault queue; with a `problem` it is no fault of ours."""

    message: str
    id: str = ""
    error: str = ""
    text: str = ""
    traceback: Sequence[str] = ()
    pipelines: Sequence[str] = ()
    function: str = ""
    source: str = ""
    time: float | None = None
    obstacle: str = ""
    record: Any = None
    elsewhere: bool = False  # its record lies in the bucket for claim checks
    problem: str = ""


def parked_faults(aws: Aws, url: str, *, limit: int = SHOWN) -> Iterator[ParkedFault]:
    """Look at the first of them, without receiving; raises AwsError."""
    for message in look(aws, url, limit=limit).messages:
        try:
            yield _fault(Parked.read(message))
        except NotAFault as problem:
            yield ParkedFault(message=message["MessageId"], problem=str(problem))


def original(aws: Aws, url: str, message: str) -> Any:  # noqa: ANN401 - a document
    """Give the whole record of a fault that has it elsewhere; raises Unknown and AwsError."""
    found = look(aws, url, ids=[message]).messages
    if not found:
        raise Unknown(f"the fault queue has no message {message!r} now")
    try:
        claim = Parked.read(found[0]).original
        return None if claim is None else json.loads(redeem(claim, aws))
    except (NotAFault, ClaimRefused) as problem:
        raise Unknown(str(problem)) from problem


def resubmit(aws: Aws, url: str, body: Body) -> object:
    """Give the records of chosen `messages` to their functions again, or only tell what would be.

    Raises AwsError.
    """
    wanted = {str(each) for each in body.get("messages", ())}
    queue = FaultQueue(aws, url)
    counted = dict.fromkeys(Outcome, 0)
    told: list[Mapping[str, str]] = []
    try:
        for result in queue.resubmit(
            lambda parked: parked.message in wanted,
            limit=len(wanted),
            everywhere=bool(body.get("everywhere")),
            dry=bool(body.get("dry")),
        ):
            if result.message in wanted:
                counted[result.outcome] += 1
                told.append(
                    {
                        "message": result.message,
                        "outcome": result.outcome.value,
                        "reason": result.reason,
                    }
                )
    finally:
        queue.release()
    return {
        "counts": {name.value: count for name, count in counted.items() if count},
        "results": told,
    }


def discard(aws: Aws, url: str, body: Body) -> object:
    """Delete chosen `messages`: nobody will try their records again. Raises AwsError."""
    return {"deleted": drop(aws, url, [str(each) for each in body.get("messages", ())])}


def _fault(parked: Parked) -> ParkedFault:
    fault = parked.fault
    try:
        elsewhere = parked.original is not None
    except ClaimRefused:
        elsewhere = False
    return ParkedFault(
        message=parked.message,
        id=parked.id,
        error=parked.error,
        text=parked.text,
        traceback=[_ROOT.sub("", str(frame)) for frame in fault["err"].get("stack") or ()],
        pipelines=parked.pipelines,
        function=parked.function.rpartition(":")[2],
        source=parked.source,
        time=parked.time.timestamp(),
        obstacle=parked.obstacle or "",
        record=fault.get("record"),
        elsewhere=elsewhere,
    )
