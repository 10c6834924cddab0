"""Durable executions as Lambda keeps them: started, looked at, answered and stopped."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.durable.steps import execution_name
from cdk_streamer_runtime.errors import AwsError, Conflict

logger = logging.getLogger(__name__)

_STARTED = "DurableExecutionAlreadyStartedException"
_CLOSED = "CallbackTimeoutException"  # the time is over, or the answer was given
_NOT_FOUND = "ResourceNotFoundException"
# What is over, or unknown by now, says so by one of these: there is nothing left to do.
_OVER = frozenset({_NOT_FOUND, "InvalidParameterValueException"})
_EXECUTIONS = "/2025-12-01/durable-executions"


class Status(StrEnum):
    """Where an execution stands, as far as anybody has to know."""

    RUNNING = "RUNNING"  # or suspended, or held back by an operator
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"
    GONE = "GONE"  # it is no longer kept, or never was

    @classmethod
    def of(cls, text: str) -> Status:
        """Read a status; one of which we know nothing goes on."""
        return cls(text) if text in cls.__members__ else cls.RUNNING


class Executions:
    """Calls Lambda. `function` is the ARN of the durable function's alias, to start by."""

    def __init__(self, aws: Aws, function: str | None = None) -> None:
        """Take the client; without `function` nothing can be started."""
        self._aws = aws
        self._function = function

    @property
    def can_start(self) -> bool:
        """Tell whether there is a durable function."""
        return self._function is not None

    def start(self, key: str, attempt: int) -> None:
        """Start an attempt; one that was started before stays as it is."""
        # The same for the same name, or it would be refused as another one.
        self.begin(execution_name(key, attempt), {"key": key, "attempt": attempt})

    def begin(self, name: str, document: object) -> bool:
        """Start an execution; one of this name with this document was started before: it goes on.

        False: the name belongs to an execution with another document.
        """
        try:
            self._aws.rest(
                "lambda",
                "POST",
                f"/2015-03-31/functions/{self._quoted()}/invocations",
                body=encode(document).encode(),
                headers={
                    "Content-Type": "application/json",
                    "X-Amz-Invocation-Type": "Event",
                    "X-Amz-Durable-Execution-Name": name,
                },
            )
        except AwsError as error:
            if error.code != _STARTED:
                raise
            return False
        return True

    def find(self, key: str, attempt: int) -> tuple[str, Status] | None:
        """Give the ARN and the status of an attempt's execution; None when there is none yet."""
        name = execution_name(key, attempt)
        answer = self._get(
            f"/2025-12-01/functions/{self._quoted()}/durable-executions?DurableExecutionName={name}"
        )
        found = next(iter(answer.get("DurableExecutions") or []), None)
        return None if found is None else (found["DurableExecutionArn"], Status.of(found["Status"]))

    def status(self, arn: str) -> Status:
        """Tell how an execution stands."""
        try:
            return Status.of(self._get(f"{_EXECUTIONS}/{quote(arn, safe='')}")["Status"])
        except AwsError as error:
            if error.code != _NOT_FOUND:
                raise
            return Status.GONE

    def stop(self, arn: str) -> None:
        """End an execution if it goes on; only the log hears of it when that was not possible."""
        try:
            self._aws.rest("lambda", "POST", f"{_EXECUTIONS}/{quote(arn, safe='')}/stop")
        except AwsError as error:
            if error.code not in _OVER:
                logger.warning("execution not stopped", extra={"code": error.code})

    def answer(self, callback_id: str, text: str) -> None:
        """Give a waiting execution its answer.

        Raises Conflict when nobody waits for it any more, also because it was given before.
        """
        address = f"/2025-12-01/durable-execution-callbacks/{quote(callback_id, safe='')}/succeed"
        try:
            self._aws.rest("lambda", "POST", address, body=text.encode())
        except AwsError as error:
            if error.code == _CLOSED:
                raise Conflict("the request no longer waits for this input") from error
            if error.code not in _OVER:
                raise

    def _get(self, path: str) -> dict[str, Any]:
        return decode(self._aws.rest("lambda", "GET", path))

    def _quoted(self) -> str:
        if self._function is None:
            raise ValueError("there is no durable function; give the construct durable=")
        return quote(self._function, safe="")
