"""Reads what the service answers: timers, pages, and problems by RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn, cast

from cdk_streamer_client.errors import ProtocolError
from cdk_streamer_client.timers.entries import Outcome
from cdk_streamer_client.timers.errors import TimerError, kind_of
from cdk_streamer_client.timers.retries import retry_after
from cdk_streamer_client.timers.timer import Timer, TimerSummary, read_summary, read_timer
from cdk_streamer_client.timers.transport import Answer
from cdk_streamer_client.wire import Malformed, parse, read_moment
from cdk_streamer_runtime.timers.faults import Fault

_REFUSED = 400
_REDIRECT = 300
_NOT_FOUND = 404
_PROBLEM = "application/problem+json"


def document_of(answer: Answer) -> dict[str, Any]:
    """Give the JSON object of an answer; raises TimerError and ProtocolError."""
    if answer.status >= _REFUSED:
        raise problem_of(answer)
    if answer.status >= _REDIRECT:
        raise ProtocolError(f"the service answered HTTP {answer.status}; is its url right?")
    return object_of(answer)


def timer_of(answer: Answer) -> Timer:
    """Give the timer of an answer; raises TimerError and ProtocolError."""
    document = document_of(answer)
    try:
        return read_timer(document, header(answer, "etag"))
    except Malformed as error:
        unreadable(error)


def summaries_of(page: Mapping[str, Any]) -> list[TimerSummary]:
    """Give the timers of a page of a list; raises ProtocolError."""
    timers: list[dict[str, Any]] = page.get("timers") or []
    try:
        return [read_summary(each) for each in timers]
    except (Malformed, AttributeError, TypeError) as error:
        unreadable(error)


def moments_of(page: Mapping[str, Any]) -> list[datetime]:
    """Give the moments of a page of occurrences; raises ProtocolError."""
    moments: list[object] = page.get("occurrences") or []
    try:
        return [read_moment({"moment": each}, "moment") for each in moments]
    except (Malformed, TypeError) as error:
        unreadable(error)


def outcome_of(result: object, id: str) -> Outcome:
    """Give what became of an entry of a batch; raises Malformed."""
    if not isinstance(result, dict):
        raise Malformed(f"a result of a batch is no object: {result!r:.80}")
    members = cast("dict[str, Any]", result)
    if members.get("id") != id or type(status := members.get("status")) is not int:
        raise Malformed(f"a result of a batch must be that of {id!r}, got {members!r:.80}")
    if status >= _REFUSED:
        problem = members.get("problem")
        given = cast("dict[str, Any]", problem) if isinstance(problem, dict) else members
        return Outcome(id=id, error=_problem(status, given, None))
    timer = members.get("timer")
    if timer is None:
        return Outcome(id=id)
    return Outcome(id=id, timer=read_timer(timer, str(members.get("etag") or "")))


def problem_of(answer: Answer) -> TimerError | ProtocolError:
    """Give the error that an answer stands for."""
    is_problem = header(answer, "content-type").partition(";")[0].strip() == _PROBLEM
    if answer.status == _NOT_FOUND and not is_problem:
        # Only a timer service can know that there is no such timer.
        return ProtocolError("no timer service answered, but HTTP 404; is its url right?")
    try:
        document = object_of(answer)
    except ProtocolError:
        document = {}
    return _problem(answer.status, document, retry_after(answer.headers))


def header(answer: Answer, name: str) -> str:
    """Give a header, whatever its case; empty: there is none."""
    return next((value for key, value in answer.headers.items() if key.lower() == name), "")


def unreadable(error: Exception) -> NoReturn:
    """Raise what stands for an answer without sense."""
    raise ProtocolError(f"the service's answer cannot be read: {error}") from error


def _problem(status: int, document: Mapping[str, Any], wait: float | None) -> TimerError:
    # API Gateway's own refusals have a message, and no problem.
    own = str(document.get("message") or document.get("Message") or "")
    errors = document.get("errors")
    return kind_of(status)(
        str(document.get("title") or f"HTTP {status}"),
        status=status,
        detail=str(document.get("detail") or own),
        faults=[_fault(each) for each in cast("list[object]", errors)]
        if isinstance(errors, list)
        else [],
        retry_after=wait,
    )


def _fault(value: object) -> Fault:
    if not isinstance(value, dict):
        return Fault(detail=str(value))
    members = cast("dict[str, object]", value)
    places = {name: members.get(name) for name in ("pointer", "parameter", "header")}
    given = {name: place for name, place in places.items() if isinstance(place, str)}
    return Fault(detail=str(members.get("detail", "")), **given)


def object_of(answer: Answer) -> dict[str, Any]:
    """Give the JSON object in an answer's body; raises ProtocolError."""
    try:
        document = parse(answer.body.decode())
    except (Malformed, UnicodeDecodeError) as error:
        raise ProtocolError(f"the service's answer cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ProtocolError(f"the service's answer is no object: {document!r:.80}")
    return cast("dict[str, Any]", document)
