"""Errors of the timers' API as RFC 9457 has them: one entry for each fault, all at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import AwsError, Rejection
from cdk_streamer_runtime.exchange import PROBLEM_JSON, HttpResponse
from cdk_streamer_runtime.timers.faults import (
    BatchRefused,
    Fault,
    InvalidTimer,
    Malformed,
    PreconditionFailed,
    TimerFaults,
    TimerNotFound,
    TimerUnavailable,
    TooLarge,
    UnsupportedBody,
)

logger = logging.getLogger(__name__)

# Nobody mends more at once, and a body may have a hundred thousand.
FAULTS = 50
RETRY_SECONDS = 1

_KINDS: Mapping[type[Exception], tuple[HTTPStatus, ErrorCode, str]] = {
    Malformed: (
        HTTPStatus.BAD_REQUEST,
        ErrorCode.VALIDATION_ERROR,
        "The request cannot be read",
    ),
    InvalidTimer: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        ErrorCode.VALIDATION_ERROR,
        "No timer can be so",
    ),
    TooLarge: (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ErrorCode.PAYLOAD_TOO_LARGE,
        "It is too large",
    ),
    UnsupportedBody: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.VALIDATION_ERROR,
        "The body is not JSON",
    ),
    TimerNotFound: (HTTPStatus.NOT_FOUND, ErrorCode.NOT_FOUND, "There is no such timer"),
    PreconditionFailed: (
        HTTPStatus.PRECONDITION_FAILED,
        ErrorCode.CONFLICT,
        "The timer has changed",
    ),
    BatchRefused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        ErrorCode.VALIDATION_ERROR,
        "Nothing of the batch was written",
    ),
    Rejection: (HTTPStatus.UNAUTHORIZED, ErrorCode.UNAUTHORIZED, "The caller is not known"),
    TimerUnavailable: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        ErrorCode.INTERNAL_ERROR,
        "Repeat the request",
    ),
}


def refusal(error: Exception, trace: str | None) -> HttpResponse:
    """Make the response that tells an error, whatever it is, and log what nobody may read."""
    if isinstance(error, AwsError):
        _log(error)
        error = TimerUnavailable("the service could not do this now; repeat the request")
    document = problem(error)
    if document["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log(error)
        document |= {} if trace is None else {"trace_id": trace}
    return response(document)


def _log(error: Exception) -> None:
    match error:
        case AwsError(code=code):
            logger.error("not answered", extra={"code": code}, exc_info=error)
        case TimerUnavailable():
            logger.warning("to be repeated", extra={"reason": str(error)})
        case _:
            logger.error("not answered", extra={"error": type(error).__name__}, exc_info=error)


def response(document: Mapping[str, Any], **headers: str) -> HttpResponse:
    """Make the response of a problem."""
    if document["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_SECONDS)
    return HttpResponse(
        status=document["status"], document=document, headers=headers, content_type=PROBLEM_JSON
    )


def problem(error: Exception, *, below: str = "") -> dict[str, Any]:
    """Tell an error; `below` is where in the body what it is about stands."""
    kind = next((_KINDS[each] for each in type(error).__mro__ if each in _KINDS), None)
    if kind is None:
        text = "the service could not do this"
        return stated(HTTPStatus.INTERNAL_SERVER_ERROR, ErrorCode.INTERNAL_ERROR, text)
    status, code, title = kind
    detail = error.message if isinstance(error, Rejection) else str(error)
    if not isinstance(error, TimerFaults):
        return stated(status, code, detail, title=title)
    number = len(error.faults)
    told = [_fault(fault, below) for fault in error.faults[:FAULTS]]
    summary = "there is 1 fault" if number == 1 else f"there are {number} faults"
    if number > FAULTS:
        summary += f", of which these are the first {FAULTS}"
    return stated(status, code, summary, title=title) | {"errors": told}


def stated(
    status: HTTPStatus, code: ErrorCode, detail: str, *, title: str | None = None
) -> dict[str, Any]:
    """Tell what has no exception of its own."""
    return {
        "type": f"urn:cdk-streamer:error:{code.value}",
        "title": title or status.phrase,
        "status": int(status),
        "detail": detail,
    }


def batch_problem(
    error: BatchRefused, ids: Sequence[str | None], below: Mapping[int, str]
) -> dict[str, Any]:
    """Tell why nothing of a batch was written: all faults, and what became of each entry."""
    problems = {
        index: problem(each, below=below.get(index, f"/entries/{index}"))
        for index, each in sorted(error.errors.items())
    }
    results = [_result(id, problems.get(index)) for index, id in enumerate(ids)]
    errors = _errors(problems.values())
    return problem(error) | ({"errors": errors} if errors else {}) | {"results": results}


def _result(id: str | None, guilty: Mapping[str, Any] | None) -> dict[str, Any]:
    if guilty is None:
        return {"id": id, "status": int(HTTPStatus.FAILED_DEPENDENCY)}
    return {"id": id, "status": guilty["status"], "problem": guilty}


def _errors(problems: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [fault for each in problems for fault in each.get("errors", ())][:FAULTS]


def _fault(fault: Fault, below: str) -> dict[str, str]:
    place = {"parameter": fault.parameter, "header": fault.header}
    named = {name: text for name, text in place.items() if text is not None}
    pointer = {} if fault.pointer is None else {"pointer": f"{below}{fault.pointer}"}
    return {**pointer, **named, "detail": fault.detail}
