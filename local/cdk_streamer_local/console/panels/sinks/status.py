"""How a sink is: what its controller would tell, read in its place.

To ask the controller itself each second would be a call each second, in its log and its figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.console.panels.queues.moves import Move
from cdk_streamer_local.console.panels.sinks.found import DeployedSink
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.sinks import ControllerCommand
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.sinks.circuits import Circuits
from cdk_streamer_runtime.sinks.control.assembly import ControllerAssembly, metrics_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an operator wants to know. Times are seconds since 1970.

    `held` is by an operator; `probing` are messages that are kept to be tried.
    """

    circuit: str
    held: bool
    openings: int
    opened: float | None
    until: float | None
    failures: int
    calls: int
    polling: str
    probing: int
    redrive: Move | None


def status(aws: Aws, sink: DeployedSink) -> Status:
    """Read it; raises AwsError."""
    assembly = ControllerAssembly(aws=aws, invoking=lambda: aws, platform=Machine())
    controller = assembly.controller(sink.control, metrics_of(sink.name))
    told = controller.handle({"command": ControllerCommand.STATUS.value}, 0)
    circuit: Mapping[str, Any] = told["circuit"]
    return Status(
        circuit=circuit["state"],
        held=circuit["held"],
        openings=circuit["openings"],
        opened=_seconds(circuit["openedAt"]),
        until=_seconds(circuit["until"]),
        failures=circuit["failures"],
        calls=circuit["calls"],
        polling=told["mapping"]["state"],
        probing=told["probes"],
        redrive=_redrive(told["redrives"][0]) if told["redrives"] else None,
    )


def is_open(aws: Aws, sink: DeployedSink) -> bool:
    """Tell whether the circuit is anything but closed; raises AwsError."""
    return not Circuits(Table(aws, sink.control.table_name)).read().is_closed


def _redrive(task: Mapping[str, Any]) -> Move:
    return Move(
        handle="",
        status=task["status"],
        moved=task["moved"],
        of=int(task["toMove"] or 0),
        rate=task["perSecond"],
        started=task["startedAt"] / 1000,
        reason=task["reason"] or "",
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
