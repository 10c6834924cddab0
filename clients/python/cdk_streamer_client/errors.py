"""Everything that the client raises.

StreamerClientError
├── RequestFailed            the service said no; has code, message, retryable, details, ...
│   ├── ValidationFailed     VALIDATION_ERROR: the message or its payload is not what it should be
│   ├── InvalidAction        INVALID_ACTION: there is no such action
│   ├── Unauthorized         UNAUTHORIZED: the token has ended
│   ├── Forbidden            FORBIDDEN: the token does not allow it
│   ├── NotFound             NOT_FOUND: no such request, or not this caller's
│   ├── Conflict             CONFLICT: the id was used with another body, or too many subscribers
│   ├── RateLimited          RATE_LIMITED: try again after `retry_after` seconds
│   ├── PayloadTooLarge      PAYLOAD_TOO_LARGE: no frame can carry it
│   ├── TimedOut             TIMEOUT: the action took longer than it may
│   ├── Cancelled            CANCELLED: somebody cancelled the request
│   ├── ProcessingFailed     PROCESSING_FAILED: the handler raised an exception
│   └── InternalError        INTERNAL_ERROR: the service itself failed
├── ConnectionLost           the answer was lost with its connection; see `may_have_run`
├── UploadFailed             the bytes could not be stored
├── HandshakeRefused         the service let nobody in; has status
├── Unreachable              no connection could be made at all
├── WaitTimeout              the caller's own timeout passed; also a TimeoutError
├── ProtocolError            the service said something that this client cannot understand
└── Closed                   the client was closed, or never opened
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class StreamerClientError(Exception):
    """Anything that the client raises; the text says what to do."""


class RequestFailed(StreamerClientError):
    """The service said no. `retry_after` is in seconds, `trace_id` for the service's operator."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        details: object = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.details = details
        self.trace_id = trace_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ValidationFailed(RequestFailed):
    """The message or its payload is not what it should be; `details` may list the faults."""


class InvalidAction(RequestFailed):
    """There is no such action."""


class Unauthorized(RequestFailed):
    """The token has ended."""


class Forbidden(RequestFailed):
    """The token does not allow it."""


class NotFound(RequestFailed):
    """There is no such request, or it is not this caller's."""


class Conflict(RequestFailed):
    """The id was used with another body, or the request has as many subscribers as it can have."""


class RateLimited(RequestFailed):
    """Too many at once: try again after `retry_after` seconds."""


class PayloadTooLarge(RequestFailed):
    """No frame can carry the payload."""


class TimedOut(RequestFailed):
    """The action took longer than it may."""


class Cancelled(RequestFailed):
    """Somebody cancelled the request."""


class ProcessingFailed(RequestFailed):
    """The handler raised an exception."""


class InternalError(RequestFailed):
    """The service itself failed."""


class ConnectionLost(StreamerClientError):
    """The answer was lost with its connection; `may_have_run`: perhaps it ran all the same."""

    def __init__(self, message: str, *, may_have_run: bool = False) -> None:
        super().__init__(message)
        self.may_have_run = may_have_run


class UploadFailed(StreamerClientError):
    """The bytes of an upload could not be stored."""


class HandshakeRefused(StreamerClientError):
    """The service refused the connection itself, with this HTTP status."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(StreamerClientError):
    """No connection could be made at all."""


class WaitTimeout(StreamerClientError, TimeoutError):
    """The caller's own timeout passed; the request itself goes on."""


class ProtocolError(StreamerClientError):
    """The service said something that this client cannot understand."""


class Closed(StreamerClientError):
    """The client was closed, or never opened."""


_CLASSES: dict[str, type[RequestFailed]] = {
    "VALIDATION_ERROR": ValidationFailed,
    "INVALID_ACTION": InvalidAction,
    "UNAUTHORIZED": Unauthorized,
    "FORBIDDEN": Forbidden,
    "NOT_FOUND": NotFound,
    "CONFLICT": Conflict,
    "RATE_LIMITED": RateLimited,
    "PAYLOAD_TOO_LARGE": PayloadTooLarge,
    "TIMEOUT": TimedOut,
    "CANCELLED": Cancelled,
    "PROCESSING_FAILED": ProcessingFailed,
    "INTERNAL_ERROR": InternalError,
}


def request_failed(fault: Mapping[str, Any]) -> RequestFailed:
    """Give the error that stands for the protocol's error object; what it lacks is filled in."""
    code = fault.get("code")
    code = code if isinstance(code, str) else "INTERNAL_ERROR"
    wait = fault.get("retry_after_ms")
    trace = fault.get("trace_id")
    return _CLASSES.get(code, RequestFailed)(
        code,
        str(fault.get("message") or "the service gave no reason"),
        retryable=fault.get("retryable") is True,
        details=fault.get("details"),
        trace_id=trace if isinstance(trace, str) else None,
        retry_after=wait / 1000 if isinstance(wait, int | float) else None,
    )
