"""Lambda's durable executions in memory: started by name, resumed when what they wait for is there.

It keeps the record that a handler checkpoints, as the service does, and knows no handler itself:
whoever runs functions takes an invocation, runs it, and tells how it ended.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, FunctionFailed

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:durable:live"

_EXECUTIONS = r"/2025-12-01/durable-executions/([^/]+)"
Operation = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Execution:
    """One execution and its record, by the ids of operations, in their order."""

    arn: str
    name: str
    payload: str
    started_at: int
    status: str = "RUNNING"
    ended_at: int | None = None
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    is_due: bool = True
    is_invoked: bool = False
    token: int = 0

    def describe(self) -> dict[str, Any]:
        """Give what GetDurableExecution and the list tell."""
        ended = {} if self.ended_at is None else {"EndTimestamp": self.ended_at / 1000}
        return {
            "DurableExecutionArn": self.arn,
            "DurableExecutionName": self.name,
            "FunctionArn": FUNCTION,
            "StartTimestamp": self.started_at / 1000,
            "Status": self.status,
            **ended,
        }


class MemoryExecutions:
    """The operations of Lambda that durable executions are started, kept and answered by."""

    def __init__(
        self, clock: Callable[[], int], invoke: Callable[[str, str], str] | None = None
    ) -> None:
        self._clock = clock
        self._invoke = invoke
        self._executions: dict[str, Execution] = {}
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
            ("POST", re.compile(r"/2015-03-31/functions/([^/]+)/invocations"), self._start),
            ("GET", re.compile(r"/2025-12-01/functions/([^/]+)/durable-executions"), self._list),
            ("GET", re.compile(_EXECUTIONS), self._get),
            ("POST", re.compile(f"{_EXECUTIONS}/stop"), self._stop),
            ("POST", re.compile(f"{_EXECUTIONS}/checkpoint"), self._checkpoint),
            (
                "POST",
                re.compile(r"/2025-12-01/durable-execution-callbacks/([^/]+)/succeed"),
                self._succeed,
            ),
        ]

    def rest(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Answer a request; raises AwsError."""
        address = urlsplit(url)
        given = {name.lower(): value for name, value in headers.items()}
        for wanted, path, operation in self._routes:
            match = path.fullmatch(address.path)
            if match and method == wanted:
                self.pass_time()
                answer = operation(unquote(match[1]), body, given, parse_qs(address.query))
                return b"" if answer is None else json.dumps(answer).encode()
        raise NotImplementedError(f"{method} {address.path} is not known to MemoryAws")

    # --- invocations ----------------------------------------------------------------------------

    def take(self) -> dict[str, Any] | None:
        """Give the event of the next invocation that is due; None when none is."""
        self.pass_time()
        for execution in self._executions.values():
            if execution.status == "RUNNING" and execution.is_due and not execution.is_invoked:
                execution.is_due, execution.is_invoked = False, True
                execution.token += 1
                return _event(execution)
        return None

    def finish(self, arn: str, status: str) -> None:
        """Tell how an invocation ended: PENDING, SUCCEEDED or FAILED, or RETRY if it was killed."""
        execution = self._executions[arn]
        execution.is_invoked = False
        if execution.status != "RUNNING":
            return
        if status == "RETRY":
            execution.is_due = True
        elif status != "PENDING":
            execution.status, execution.ended_at = status, self._clock()

    def next_due(self) -> int | None:
        """Give when the next invocation is due; None when none will be by itself."""
        going = [each for each in self._executions.values() if each.status == "RUNNING"]
        if any(each.is_due and not each.is_invoked for each in going):
            return self._clock()
        waits = [op["due"] for each in going for op in each.operations.values() if op.get("due")]
        return min(waits, default=None)

    def operations(self, name: str) -> list[str]:
        """Give the names of what an execution has recorded, in order."""
        found = [each for each in self._executions.values() if each.name == name]
        return [operation["Name"] for each in found for operation in each.operations.values()]

    def pass_time(self) -> None:
        """Let sleeps end and callbacks time out whose time has come."""
        now = self._clock()
        for execution in self._executions.values():
            for operation in execution.operations.values():
                if operation.get("due") and operation["due"] <= now:
                    self._complete(execution, operation, self._end_of(operation))

    def _end_of(self, operation: Operation) -> str:
        match operation["Type"]:
            case "CHAINED_INVOKE":
                return self._answered(operation)
            case "WAIT":
                return "SUCCEEDED"
            case _:
                return "TIMED_OUT"

    def _answered(self, operation: Operation) -> str:
        function, payload = operation.pop("asked")
        try:
            if self._invoke is None:
                raise FunctionFailed("ResourceNotFoundException", "", 404, "Invoke")
            answer = {"Result": self._invoke(function, payload)}
        except AwsError as error:
            operation["ChainedInvokeDetails"] = {"Error": {"ErrorType": error.code}}
            return "FAILED"
        operation["ChainedInvokeDetails"] = answer
        return "SUCCEEDED"

    def _complete(self, execution: Execution, operation: Operation, status: str) -> None:
        operation["Status"] = status
        operation.pop("due", None)
        execution.is_due = True

    # --- operations -----------------------------------------------------------------------------

    def _start(
        self,
        function: str,
        body: bytes,
        headers: Mapping[str, str],
        query: Any,  # noqa: ANN401, ARG002 - the routes'
    ) -> None:
        name = headers["x-amz-durable-execution-name"]
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            raise _refused("InvalidParameterValueException", f"bad name {name!r}")
        known = next((each for each in self._executions.values() if each.name == name), None)
        if known is not None:
            if known.payload != body.decode():
                raise _refused("DurableExecutionAlreadyStartedException", "another payload", 409)
            return
        plain = function.removesuffix(":live")
        arn = f"{plain}:1/durable-execution/{name}/id-{len(self._executions) + 1}"
        execution = Execution(arn=arn, name=name, payload=body.decode(), started_at=self._clock())
        self._executions[arn] = execution

    def _list(self, _function: str, _body: bytes, _headers: object, query: Any) -> dict[str, Any]:  # noqa: ANN401 - parsed
        names = query.get("DurableExecutionName", [])
        found = [each for each in self._executions.values() if not names or each.name in names]
        return {"DurableExecutions": [each.describe() for each in found]}

    def _get(self, arn: str, _body: bytes, _headers: object, _query: object) -> dict[str, Any]:
        return self._known(arn).describe()

    def _stop(self, arn: str, _body: bytes, _headers: object, _query: object) -> dict[str, Any]:
        execution = self._going(arn)
        execution.status, execution.ended_at = "STOPPED", self._clock()
        return {"StopTimestamp": self._clock() / 1000}

    def _succeed(self, callback: str, body: bytes, _headers: object, _query: object) -> None:
        arn, _, number = base64.b64decode(callback).decode().rpartition("#")
        execution = self._going(arn)
        operation = execution.operations[number]
        if operation["Status"] != "STARTED":
            raise _refused("CallbackTimeoutException", "the callback timed out or was answered")
        operation["CallbackDetails"]["Result"] = body.decode()
        self._complete(execution, operation, "SUCCEEDED")

    def _checkpoint(
        self, arn: str, body: bytes, _headers: object, _query: object
    ) -> dict[str, Any]:
        execution, parameters = self._going(arn), json.loads(body)
        if parameters["CheckpointToken"] != _token(execution):
            raise _refused("InvalidParameterValueException", "Invalid checkpoint token")
        updated = [self._update(execution, update) for update in parameters["Updates"]]
        return {
            "CheckpointToken": _token(execution),
            "NewExecutionState": {"Operations": [_public(each) for each in updated]},
        }

    def _update(self, execution: Execution, update: Mapping[str, Any]) -> Operation:
        kind, number = update["Type"], update["Id"]
        operation = execution.operations.setdefault(
            number,
            {
                "Id": number,
                "Type": kind,
                "Status": "STARTED",
                **{key: update[key] for key in ("Name", "SubType", "ParentId") if update.get(key)},
            },
        )
        now = self._clock()
        match kind, update["Action"]:
            case "STEP", "SUCCEED":
                _check_size(update)
                operation["Status"] = "SUCCEEDED"
                operation["StepDetails"] = {"Attempt": 1, "Result": update.get("Payload")}
            case "CONTEXT", "SUCCEED":
                operation["Status"] = "SUCCEEDED"
                operation["ContextDetails"] = {"Result": update.get("Payload")}
            case "CHAINED_INVOKE", "START":
                asked = (update["ChainedInvokeOptions"]["FunctionName"], update["Payload"])
                operation |= {"asked": asked, "due": now}
            case "WAIT", "START":
                operation["due"] = now + update["WaitOptions"]["WaitSeconds"] * 1000
                operation["WaitDetails"] = {"ScheduledEndTimestamp": operation["due"]}
            case "CALLBACK", "START":
                secret = base64.b64encode(f"{execution.arn}#{number}".encode()).decode()
                operation["CallbackDetails"] = {"CallbackId": secret}
                if seconds := update.get("CallbackOptions", {}).get("TimeoutSeconds"):
                    operation["due"] = now + seconds * 1000
            case "STEP" | "CONTEXT", "START":
                pass
            case _:
                raise NotImplementedError(f"{update['Action']} of a {kind} is not known here")
        return operation

    def _known(self, arn: str) -> Execution:
        if arn not in self._executions:
            raise _refused("ResourceNotFoundException", "there is no such execution", 404)
        return self._executions[arn]

    def _going(self, arn: str) -> Execution:
        execution = self._known(arn)
        if execution.status != "RUNNING":
            raise _refused("InvalidParameterValueException", f"it is {execution.status}")
        return execution


def _event(execution: Execution) -> dict[str, Any]:
    first = {
        "Id": execution.arn.rpartition("/")[2],
        "Type": "EXECUTION",
        "Status": "STARTED",
        "StartTimestamp": execution.started_at,
        "ExecutionDetails": {"InputPayload": execution.payload},
    }
    operations = [_public(each) for each in execution.operations.values()]
    return {
        "DurableExecutionArn": execution.arn,
        "CheckpointToken": _token(execution),
        "InitialExecutionState": {"Operations": [first, *operations], "NextMarker": ""},
    }


def _token(execution: Execution) -> str:
    return base64.b64encode(f"{execution.name}/{execution.token}".encode()).decode()


def _public(operation: Operation) -> Operation:
    own = {"due", "asked"}
    return json.loads(json.dumps({key: each for key, each in operation.items() if key not in own}))


def _check_size(update: Mapping[str, Any]) -> None:
    if len((update.get("Payload") or "").encode()) > STEP_BYTES:
        raise _refused("InvalidParameterValueException", "the payload is too large")


def _refused(code: str, message: str, status: int = 400) -> AwsError:
    return aws_error(code, message, status, "lambda")
