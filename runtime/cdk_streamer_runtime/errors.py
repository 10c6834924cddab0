"""The errors of the runtime.

StreamerError
    AwsError                  an AWS service answered with an error
        ConditionFailed       the condition of a write did not hold
        TransactionCancelled  one write of a transaction could not be done, so none was
        Throttled             too many calls, after all retries (a connection post: at once)
        Gone                  the WebSocket connection, or whatever was addressed, is no more
        AccessDenied          the role lacks a permission, or the signature was refused
        Unreachable           no answer, after all retries: whether the call was done is unknown
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class StreamerError(Exception):
    """Every error that this library raises on purpose, except those of a wrong argument."""


class AwsError(StreamerError):
    """An AWS call failed; `code` is the service's own, `status` the HTTP status (0: no answer).

    Neither the text nor an attribute carries values of the request: errors end in logs.
    """

    def __init__(self, code: str, message: str, status: int, operation: str) -> None:
        super().__init__(code, message, status, operation)
        self.code = code
        self.message = message
        self.status = status
        self.operation = operation

    def __str__(self) -> str:
        reason = f": {self.message}" if self.message else ""
        return f"{self.operation} failed with {self.code} ({self.status or 'no answer'}){reason}"


class ConditionFailed(AwsError):
    """The condition of a write did not hold; `item` is what is stored instead, if anything is.

    From the client `item` has DynamoDB's attribute values, from a `Table` plain Python values.
    """

    item: dict[str, Any] | None = None


class CancellationReason(TypedDict):
    """What one write of a cancelled transaction met: `Code` is "None" where it met nothing."""

    Code: str
    Item: NotRequired[dict[str, Any]]


class TransactionCancelled(AwsError):
    """No write of a transaction was done; `reasons` has one entry a write, in their order."""

    reasons: list[CancellationReason] = []  # noqa: RUF012 - replaced, never changed

    @property
    def condition_failed(self) -> bool:
        """Whether a condition did not hold: repeating the transaction will not help."""
        return any(reason["Code"] == "ConditionalCheckFailed" for reason in self.reasons)


class Throttled(AwsError):
    """The service wants fewer calls."""


class Gone(AwsError):
    """What was addressed existed once and does not any more."""


class AccessDenied(AwsError):
    """The caller may not do this."""


class Unreachable(AwsError):
    """The connection could not be made, broke, or stayed silent too long."""
