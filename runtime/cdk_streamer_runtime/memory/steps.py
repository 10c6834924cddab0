"""The steps of a durable execution in memory: what AWS's SDK does, without it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import InputTimeout, StepFailed

LONGEST = 900_000  # milliseconds of an invocation, of which none passes by itself


class Suspended(BaseException):
    """The invocation ends here, to be continued."""


class MemorySteps:
    """`Steps` that checkpoint through an `Aws`, so that a test can disturb that too."""

    suspension: type[BaseException] = Suspended
    faults: tuple[type[BaseException], ...] = ()

    def __init__(
        self,
        aws: Aws,
        event: dict[str, Any],
        remaining: Callable[[], int] = lambda: LONGEST,
    ) -> None:
        """Take an invocation as `MemoryExecutions.take` gives it."""
        self._aws = aws
        self._remaining = remaining
        self._arn: str = event["DurableExecutionArn"]
        self._token: str = event["CheckpointToken"]
        operations = event["InitialExecutionState"]["Operations"][1:]
        self._known: dict[str, dict[str, Any]] = {each["Id"]: each for each in operations}
        self._count = 0
        self._within = ""  # the number of the branch that these are the steps of
        self._inside = False

    def is_replaying(self) -> bool:
        """Tell whether the handler is still where an earlier invocation has been."""
        return not self._inside and f"{self._within}{self._count + 1}" in self._known

    def step(self, name: str, function: Callable[[], str]) -> str:
        """Give what the function returns, or returned in an earlier invocation."""
        number, operation = self._next("STEP", name)
        if operation is not None and operation["Status"] == "SUCCEEDED":
            return operation["StepDetails"]["Result"]
        self._inside = True
        try:
            text = function()
        finally:
            self._inside = False
        self._checkpoint(number, "STEP", "SUCCEED", name, Payload=text)
        return text

    def sleep(self, name: str, seconds: int) -> None:
        """Suspend for that long, once."""
        number, operation = self._next("WAIT", name)
        if operation is None:
            options = {"WaitSeconds": seconds}
            operation = self._checkpoint(number, "WAIT", "START", name, WaitOptions=options)
        if operation["Status"] != "SUCCEEDED":
            raise Suspended

    def callback(self, name: str, timeout: int | None) -> MemoryPending:
        """Open an answer that can be given for `timeout` seconds."""
        number, operation = self._next("CALLBACK", name)
        if operation is None:
            options = {"TimeoutSeconds": timeout or 0}
            operation = self._checkpoint(number, "CALLBACK", "START", name, CallbackOptions=options)
        return MemoryPending(operation)

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[Self, int], str],
        *,
        at_once: int,
        nested: bool,
    ) -> list[str]:
        """Do one branch after the other; `at_once` of them may wait before the whole waits."""
        number, operation = self._next("CONTEXT", name)
        if operation is not None and operation["Status"] == "SUCCEEDED":
            return json.loads(operation["ContextDetails"]["Result"])
        if operation is None:
            self._checkpoint(number, "CONTEXT", "START", name)
        texts: list[str] = []
        waiting = 0
        for index in range(count):
            inner = f"{number}-{index + 1}"
            try:
                texts.append(self._branch(inner, name, index, branch, nested=nested))
            except Suspended:
                waiting += 1
            if waiting == at_once:
                break
        if waiting:
            raise Suspended
        self._checkpoint(number, "CONTEXT", "SUCCEED", name, Payload=json.dumps(texts))
        return texts

    def _branch(
        self,
        number: str,
        name: str,
        index: int,
        branch: Callable[[Self, int], str],
        *,
        nested: bool,
    ) -> str:
        name = f"{name}-{index + 1}"
        operation = self._known.get(number)
        if operation is not None and operation["Status"] == "SUCCEEDED":
            return operation["ContextDetails"]["Result"]
        if nested and operation is None:
            self._checkpoint(number, "CONTEXT", "START", name)
        steps = copy.copy(self)
        steps._count, steps._within = 0, f"{number}-"  # noqa: SLF001 - of its own kind
        text = branch(steps, index)
        if nested:
            self._checkpoint(number, "CONTEXT", "SUCCEED", name, Payload=text)
        return text

    def invoke(self, name: str, function: str, payload: str) -> str:
        """Suspend until a function has answered, once."""
        number, operation = self._next("CHAINED_INVOKE", name)
        if operation is None:
            options = {"FunctionName": function}
            operation = self._checkpoint(
                number, "CHAINED_INVOKE", "START", name,
                Payload=payload, ChainedInvokeOptions=options,
            )  # fmt: skip
        if operation["Status"] == "STARTED":
            raise Suspended
        details = operation["ChainedInvokeDetails"]
        if operation["Status"] != "SUCCEEDED":
            failure = details["Error"]["ErrorType"]
            raise StepFailed(f"function {function!r} failed with {failure}")
        return details["Result"]

    def remaining(self) -> int:
        """Give the milliseconds that this invocation has left."""
        return self._remaining()

    def _next(self, kind: str, name: str) -> tuple[str, dict[str, Any] | None]:
        self._count += 1
        number = f"{self._within}{self._count}"
        operation = self._known.get(number)
        if operation is not None and (operation["Type"], operation["Name"]) != (kind, name):
            raise RuntimeError(
                f"the handler went another way: it came to {name!r}, but {operation['Name']!r} was "
                "recorded there; between its steps a durable handler must do the same each time"
            )
        return number, operation

    def _checkpoint(
        self, number: str, kind: str, action: str, name: str, **details: object
    ) -> dict[str, Any]:
        update = {"Id": number, "Type": kind, "Action": action, "Name": name, **details}
        body = {"CheckpointToken": self._token, "Updates": [update]}
        answer = self._aws.rest(
            "lambda",
            "POST",
            f"/2025-12-01/durable-executions/{quote(self._arn, safe='')}/checkpoint",
            body=json.dumps(body).encode(),
        )
        operation = json.loads(answer)["NewExecutionState"]["Operations"][0]
        self._known[number] = operation
        return operation


class MemoryPending:
    """An open callback."""

    def __init__(self, operation: dict[str, Any]) -> None:
        """Take the callback as it was recorded."""
        self._operation = operation

    @property
    def id(self) -> str:
        """What the answer is sent to."""
        return self._operation["CallbackDetails"]["CallbackId"]

    def is_done(self) -> bool:
        """Tell whether it was answered, or nobody may any more."""
        return self._operation["Status"] != "STARTED"

    def result(self) -> str:
        """Give the answer; suspends until there is one, raises InputTimeout when it is too late."""
        if not self.is_done():
            raise Suspended
        if self._operation["Status"] == "TIMED_OUT":
            raise InputTimeout("nobody answered in time")
        return self._operation["CallbackDetails"]["Result"]
