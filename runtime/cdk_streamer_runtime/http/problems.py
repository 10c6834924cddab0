"""Errors as RFC 9457 has them: the fault that a socket would tell, with an HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.exchange import PROBLEM_JSON, HttpResponse

STATUSES: Mapping[ErrorCode, HTTPStatus] = {
    ErrorCode.VALIDATION_ERROR: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_ACTION: HTTPStatus.NOT_FOUND,
    ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.PAYLOAD_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorCode.CANCELLED: HTTPStatus.CONFLICT,
    ErrorCode.PROCESSING_FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}

TITLES: Mapping[ErrorCode, str] = {
    ErrorCode.VALIDATION_ERROR: "The request is not valid",
    ErrorCode.INVALID_ACTION: "There is no such action",
    ErrorCode.UNAUTHORIZED: "The caller is not known",
    ErrorCode.FORBIDDEN: "The caller may not do this",
    ErrorCode.NOT_FOUND: "There is no such thing",
    ErrorCode.CONFLICT: "It does not fit what is there",
    ErrorCode.RATE_LIMITED: "There were too many requests",
    ErrorCode.PAYLOAD_TOO_LARGE: "It is too large",
    ErrorCode.TIMEOUT: "It took too long",
    ErrorCode.CANCELLED: "It was cancelled",
    ErrorCode.PROCESSING_FAILED: "The action failed",
    ErrorCode.INTERNAL_ERROR: "The service failed",
}


class UnsupportedBody(Rejection):
    """A body of another media type than JSON."""

    def __init__(self, content_type: str | None) -> None:
        got = "none" if content_type is None else repr(content_type[:64])
        super().__init__(
            ErrorCode.VALIDATION_ERROR, f"content-type must be application/json, got {got}"
        )


def problem(
    fault: Mapping[str, Any], *, request_id: str | None = None, status: int | None = None
) -> HttpResponse:
    """Make the response that tells a fault; `status` is for what no error code stands for."""
    code = ErrorCode(fault["code"])
    number = int(status or _status(code, fault))
    document = {
        "type": f"urn:cdk-streamer:error:{code.value}",
        "title": TITLES[code],
        "status": number,
        "detail": fault["message"],
        **{name: value for name, value in fault.items() if name != "message"},
    }
    if request_id is not None:
        document["request_id"] = request_id
    return HttpResponse(
        status=number,
        document=document,
        headers=_headers(number, fault),
        content_type=PROBLEM_JSON,
    )


def status_of(error: Exception) -> int | None:
    """Give the status of an error that its code does not tell."""
    return HTTPStatus.UNSUPPORTED_MEDIA_TYPE if isinstance(error, UnsupportedBody) else None


def _status(code: ErrorCode, fault: Mapping[str, Any]) -> HTTPStatus:
    if code is ErrorCode.INTERNAL_ERROR and fault.get("retryable"):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return STATUSES[code]


def _headers(status: int, fault: Mapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if fault.get("retry_after_ms") is not None:
        headers["retry-after"] = str(max(1, -(-int(fault["retry_after_ms"]) // 1000)))
    return headers
