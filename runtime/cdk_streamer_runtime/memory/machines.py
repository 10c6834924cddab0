"""Step Functions in memory: executions that were started, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error

_NAME = re.compile(r'[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}')
INPUT_BYTES = 256 * 1024


def machine_arn(name: str) -> str:
    """Give the name of a state machine as AWS has it."""
    return f"arn:aws:states:memory:000000000000:stateMachine:{name}"


class MemoryMachines:
    """State machines by name. Nothing runs: a test ends executions as it likes."""

    def __init__(self, names: Iterable[str], clock: Callable[[], int]) -> None:
        self._clock = clock
        self._inputs: dict[str, dict[str, str]] = {name: {} for name in names}
        self._ended: set[tuple[str, str]] = set()

    def inputs(self, machine: str) -> dict[str, str]:
        """Give the inputs of all executions, by their names, in the order of their starts."""
        return dict(self._inputs[machine])

    def end(self, machine: str, name: str) -> None:
        """End an execution: from now on its name is taken, whatever the input."""
        self._ended.add((machine, name))

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        if operation != "StartExecution":
            raise NotImplementedError(f"Step Functions' {operation} is not known to MemoryAws")
        arn, name, text = (parameters[key] for key in ("stateMachineArn", "name", "input"))
        machine = arn.rpartition(":")[2]
        if machine not in self._inputs:
            raise aws_error("StateMachineDoesNotExist", "no such machine", 400, operation)
        if not _NAME.fullmatch(name):
            raise aws_error("InvalidName", "the name is malformed", 400, operation)
        if len(text.encode()) > INPUT_BYTES:
            raise aws_error("InvalidExecutionInput", "the input is too long", 400, operation)
        known = self._inputs[machine].setdefault(name, text)
        if known != text or (machine, name) in self._ended:
            raise aws_error("ExecutionAlreadyExists", "the name is taken", 400, operation)
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
        return {"executionArn": execution, "startDate": self._clock() / 1000}
