"""The errors of the runtime.

StreamerError
    AwsError                  an AWS service answered with an error
        ConditionFailed       the condition of a write did not hold
        TransactionCancelled  one write of a transaction could not be done, so none was
        Throttled             too many calls, after all retries (a connection post: at once)
        Gone                  the WebSocket connection, or whatever was addressed, is no more
        AccessDenied          the role lacks a permission, or the signature was refused
        Unreachable           no answer, after all retries: whether the call was done is unknown
        FunctionFailed        the function that was invoked raised an error
    RequestError              a request cannot be as somebody wants it
        IllegalTransition     a state does not know the event
        RequestChanged        somebody was faster; carries the request as it stands
        RequestNotFound       there is none, or not for this caller
        Conflict              the id belongs to a request with another body
        TooManySubscribers    a request or channel has all that it can have
    Rejection                 a message gets an `error` instead of an answer
        InvalidFrame          it is not a message of the protocol
        RateLimited           a limit of the app is reached; carries when to come again
    InvalidInput              a payload does not fit its action (requests/inputs/fault.py)
    ActionFailed              raised by handlers: the client reads this code and this text
        UploadNotFound        there is no such upload, or not of this owner
        BatchFailed           more items of a batch failed than are tolerated
    Retryable                 raised by handlers: try again, whatever retry= says
        CircuitOpen           a circuit breaker spares a downstream: the call was not made
        DownstreamUnavailable raised by handlers of a sink: not the message's fault
    Fatal                     raised by handlers: do not try again, whatever retry= says
        Permanent             raised by handlers of a sink: this message can never be delivered
        BatchTooLarge         a batch would take more than an execution can record
    StepFailed                a step raised what could not be recorded; the text tells what it was
    InputTimeout              nobody answered progress.ask in time; a TimeoutError too
    NotSent                   a queue did not take some messages (sinks/outgoing.py)
    HandedBack                a batch of which no part can be given again (streams/answers.py)
    Interrupted               raised into handlers: stop, the result is no longer wanted
        Cancelled             the client asked for it
        DeadlineExceeded      the action's time is up; a TimeoutError too
        LeaseLost             another worker has taken over
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from cdk_streamer_runtime.contract import ErrorCode

if TYPE_CHECKING:
    from cdk_streamer_runtime.requests.request import Request


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


CONDITION_FAILED = "ConditionalCheckFailed"  # the code of a reason


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
        return any(reason["Code"] == CONDITION_FAILED for reason in self.reasons)


class Throttled(AwsError):
    """The service wants fewer calls."""


class Gone(AwsError):
    """What was addressed existed once and does not any more."""


class AccessDenied(AwsError):
    """The caller may not do this."""


class Unreachable(AwsError):
    """The connection could not be made, broke, or stayed silent too long."""


class FunctionFailed(AwsError):
    """The function that was invoked raised an error; `code` tells whether it knew that."""


# --- requests ----------------------------------------------------------------------------------


class RequestError(StreamerError):
    """A request cannot be as somebody wants it."""


class IllegalTransition(RequestError):
    """The transition table has no row for this state and event."""


class RequestChanged(RequestError):
    """A conditional write lost; `request` is what is stored now."""

    def __init__(self, message: str, request: Request) -> None:
        super().__init__(message)
        self.request = request


class RequestNotFound(RequestError):
    """There is no such request; one of another tenant or owner counts as none."""


class Conflict(RequestError):
    """The id was used with another body."""


class TooManySubscribers(RequestError):
    """A request or channel has as many subscribers as one item can hold; `subscribers` is who."""

    def __init__(self, message: str, subscribers: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.subscribers = subscribers or {}


# --- messages ----------------------------------------------------------------------------------


class Rejection(StreamerError):
    """A message that is answered by an `error`; the text goes to the client."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        retryable: bool = False,
        retry_after: int | None = None,
        details: object = None,
    ) -> None:
        """Take what the client reads; `retry_after` is in milliseconds."""
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.details = details


class InvalidFrame(Rejection):
    """A frame that is no message of the protocol; `request_id` is its id, if that is one."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        super().__init__(ErrorCode.VALIDATION_ERROR, message)
        self.request_id = request_id


class RateLimited(Rejection):
    """A limit that the author set is reached; `retry_after` milliseconds later it may not be."""

    def __init__(self, message: str = "too many requests", *, retry_after: int) -> None:
        super().__init__(
            ErrorCode.RATE_LIMITED, message, retryable=True, retry_after=max(retry_after, 1)
        )


# --- handlers ----------------------------------------------------------------------------------


class ActionFailed(StreamerError):
    """Raise it in a handler to tell the client why: its text, code and details go over the wire.

    Any other exception reaches the client as PROCESSING_FAILED without its text.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode = ErrorCode.PROCESSING_FAILED,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = ErrorCode(code)
        self.details = details


class UploadNotFound(ActionFailed):
    """There is no such upload; one of another tenant or owner counts as none."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=ErrorCode.VALIDATION_ERROR)


class BatchFailed(ActionFailed):
    """More items of a batch failed than its construct tolerates; the text tells how many."""


class Retryable(StreamerError):
    """Raise it in a handler to be tried again, `after` so many seconds or as the policy says."""

    def __init__(self, message: str = "", *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class CircuitOpen(Retryable):
    """A call was not made, because its downstream has failed too often lately."""

    repeat_in_place = False


class DownstreamUnavailable(Retryable):
    """Raise it when whom a sink delivers to is down or too slow: the circuit breaker counts it."""


class Fatal(StreamerError):
    """Raise it in a handler to end the request now, without another attempt."""


class Permanent(Fatal):
    """Raise it when a message can never be delivered: a sink rejects it, with this reason."""


class BatchTooLarge(Fatal):
    """A batch would take more than one execution can record; the text tells the way out."""


class StepFailed(StreamerError):
    """A step failed with an exception that cannot be raised again as it was."""


class InputTimeout(StreamerError, TimeoutError):
    """Nobody gave the input that the handler asked for in the time that it allowed."""


class Interrupted(StreamerError):
    """The result is no longer wanted: clean up and let it rise."""


class Cancelled(Interrupted):
    """The client asked to cancel; the text is its reason."""


class DeadlineExceeded(Interrupted, TimeoutError):
    """The action's timeout has passed, or the function itself is about to end."""


class LeaseLost(Interrupted):
    """The attempt is no longer this worker's: another one has it, or the request has ended."""
