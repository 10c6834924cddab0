"""What an exception of a handler means: for the request, for its client and for the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract import RESULT_BYTES, ErrorCode
from cdk_streamer_runtime.documents import encode, is_deep, size
from cdk_streamer_runtime.errors import (
    ActionFailed,
    Cancelled,
    Conflict,
    DeadlineExceeded,
    InputTimeout,
    Rejection,
    RequestNotFound,
    TooManySubscribers,
)
from cdk_streamer_runtime.requests.inputs import InvalidInput
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.retry import Retry
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets import messages

logger = logging.getLogger(__name__)

LONGEST_TEXT = 1_000  # characters, for people to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An attempt that ended badly: `event` is RETRY after `wait` milliseconds, or FAIL."""

    event: Event
    fault: Mapping[str, Any]
    wait: int = 0


def failure_of(
    error: Exception, request: Request, retry: Retry | None, uniform: Callable[[], float]
) -> Failure:
    """Decide what an exception leads to, and log it in full, for the client reads little of it."""
    stopped = isinstance(error, Cancelled)
    log = logger.info if stopped else logger.error
    log(
        "attempt failed",
        extra={
            "request": request.request_id,
            "action": request.action,
            "attempt": request.attempt,
            "error": type(error).__name__,
        },
        exc_info=None if stopped else loggable(error),
    )
    fault = fault_of(error, request.trace)
    if retry and not stopped and retry.allows(error, request.attempt):
        wait = retry.wait(error, request.attempt, uniform)
        return Failure(event=Event.RETRY, fault=fault, wait=wait)
    return Failure(event=Event.FAIL, fault=fault)


def loggable(error: Exception) -> Exception | None:
    """Give the exception if a log may show it: what is wrong with a payload quotes the payload."""
    return None if isinstance(error, InvalidInput) else error


def fault_of(error: Exception, trace: str | None) -> Mapping[str, Any]:
    """Give what a client may read of an exception: of unknown ones nothing but the trace."""
    match error:
        case ActionFailed():
            return _spoken(error, trace)
        case Rejection():
            return messages.fault(
                error.code,
                error.message,
                retryable=error.retryable,
                retry_after=error.retry_after,
                details=error.details,
                trace=trace,
            )
        case InvalidInput():
            details = [{"path": fault.path, "message": fault.message} for fault in error.faults]
            return messages.fault(
                ErrorCode.VALIDATION_ERROR,
                "the payload does not fit the action",
                details=details,
                trace=trace,
            )
        case Cancelled():
            return messages.fault(ErrorCode.CANCELLED, "the request was cancelled", trace=trace)
        case DeadlineExceeded():
            return messages.fault(
                ErrorCode.TIMEOUT, "the action took too long", retryable=True, trace=trace
            )
        case InputTimeout():
            return messages.fault(ErrorCode.TIMEOUT, "nobody answered in time", trace=trace)
        case RequestNotFound():
            return messages.fault(ErrorCode.NOT_FOUND, str(error), trace=trace)
        case Conflict() | TooManySubscribers():
            return messages.fault(ErrorCode.CONFLICT, str(error), trace=trace)
        case _:
            return messages.fault(ErrorCode.PROCESSING_FAILED, "the action failed", trace=trace)


def _spoken(error: ActionFailed, trace: str | None) -> Mapping[str, Any]:
    """Give what an author says of a failure, without what could be neither stored nor sent."""
    text = str(error.message)[:LONGEST_TEXT]
    try:
        details = encode(error.details)
    except (TypeError, ValueError, RecursionError):
        details = None
    if details is None or is_deep(details) or size(details) > RESULT_BYTES:
        logger.warning("details left out", extra={"code": error.code.value})
        return messages.fault(error.code, text, trace=trace)
    return messages.fault(error.code, text, details=error.details, trace=trace)
