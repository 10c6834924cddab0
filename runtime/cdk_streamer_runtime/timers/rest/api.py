"""The REST API of timers: one event of API Gateway in, its response out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.callers import Caller, Callers
from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.contract.timers import TimerRoute, TimerState
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.exchange import HttpResponse
from cdk_streamer_runtime.timers.faults import BatchRefused, Fault, Malformed
from cdk_streamer_runtime.timers.rest import answers, problems
from cdk_streamer_runtime.timers.rest.batch import Batch, read_batch
from cdk_streamer_runtime.timers.rest.body import OWNER_LENGTH, Rules, read_timer
from cdk_streamer_runtime.timers.rest.call import Call, Query
from cdk_streamer_runtime.timers.rest.changes import change
from cdk_streamer_runtime.timers.service.conditions import etag
from cdk_streamer_runtime.timers.service.service import TimerService, Written
from cdk_streamer_runtime.timers.timer import Timer

logger = logging.getLogger(__name__)

# Data may be sent with each character as an escape of six.
BODY_BYTES = 512 * 1024
BATCH_BYTES = 4 * 1024 * 1024
# Lambda answers 6 MB at most, in which this text is escaped once more.
BATCH_ANSWER_BYTES = 2 * 1024 * 1024
PAGE, LONGEST_PAGE = 50, 100
OCCURRENCES, MOST_OCCURRENCES = 10, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request: `owner` is whose timers it is about; None: they are not apart."""

    call: Call
    owner: str | None
    now: int


class TimerApi:
    """Answers for timers; whatever is wrong, the answer is a problem."""

    def __init__(
        self,
        *,
        service: TimerService,
        callers: Callers | None,
        shards: int,
        look_ahead: int,
        clock: Callable[[], int],
    ) -> None:
        """Take the service. With `callers` each caller has timers of their own; None: all share."""
        self._service = service
        self._callers = callers
        self._shards = shards
        self._look_ahead = look_ahead
        self._clock = clock

    def handle(self, event: Mapping[str, Any], trace: str | None = None) -> dict[str, Any]:
        """Answer one event."""
        try:
            return self._answer(event).to_event()
        except Exception as error:  # noqa: BLE001 - the problem logs what no caller may read
            return problems.refusal(error, trace).to_event()

    def _answer(self, event: Mapping[str, Any]) -> HttpResponse:
        now = self._clock()
        owner = self._owner(event, now)
        call = Call.from_event(event)
        route = f"{call.method} {call.resource}"
        if route not in self._answers:
            return _unknown(call)
        visit = Visit(call=call, owner=owner, now=now)
        return self._answers[TimerRoute(route)](self, visit)

    def _owner(self, event: Mapping[str, Any], now: int) -> str | None:
        if self._callers is None:
            return None
        caller = self._callers.of(event)
        # API Gateway may know an authorizer's answer for longer than the token lives.
        if caller.expires * 1000 <= now:
            raise Rejection(ErrorCode.UNAUTHORIZED, "the token has expired; ask with a new one")
        return principal(caller)

    def _rules(self, visit: Visit) -> Rules:
        return Rules(look_ahead=self._look_ahead, principal=visit.owner)

    def _put(self, visit: Visit) -> HttpResponse:
        id, conditions = _asked(visit), visit.call.conditions
        definition = read_timer(id, visit.call.document(BODY_BYTES), self._rules(visit))
        return self._written(visit, self._service.put(definition, conditions, visit.owner))

    def _patch(self, visit: Visit) -> HttpResponse:
        id, conditions = _asked(visit), visit.call.conditions
        wanted = change(visit.call.document(BODY_BYTES), self._rules(visit))
        return self._written(visit, self._service.patch(id, wanted, conditions, visit.owner))

    def _delete(self, visit: Visit) -> HttpResponse:
        id = _asked(visit)
        self._service.delete(id, visit.call.conditions, visit.owner)
        logger.info("timer deleted", extra={"timer": id})
        return HttpResponse(status=HTTPStatus.NO_CONTENT, document=None)

    def _get(self, visit: Visit) -> HttpResponse:
        timer = self._service.get(_asked(visit), visit.owner)
        return HttpResponse(
            status=HTTPStatus.OK, document=self._whole(visit, timer), headers=_tag(timer)
        )

    def _occurrences(self, visit: Visit) -> HttpResponse:
        id, query = visit.call.id, Query(visit.call, "from", "n")
        start = query.moment("from", -(-visit.now // 1000))
        count = query.integer("n", 1, MOST_OCCURRENCES, OCCURRENCES)
        query.check()
        definition = self._service.get(id, visit.owner).definition
        document = answers.occurrences(definition, start=start, count=count)
        return HttpResponse(status=HTTPStatus.OK, document=document)

    def _list(self, visit: Visit) -> HttpResponse:
        query = Query(visit.call, "owner", "state", "limit", "cursor")
        limit = query.integer("limit", 1, LONGEST_PAGE, PAGE)
        state = query.choice("state", *TimerState)
        owner = query.text("owner")
        if visit.owner is not None and owner not in {None, visit.owner}:
            query.fault("owner", "is who calls; leave it out")
        if visit.owner is None and len(owner or "") > OWNER_LENGTH:
            query.fault("owner", f"must have 1 to {OWNER_LENGTH} characters")
        query.check()
        try:
            page = self._service.page(
                owner=visit.owner or owner or "",
                state=None if state is None else TimerState(state),
                limit=limit,
                cursor=query.text("cursor"),
            )
        except ValueError as error:
            raise Malformed([Fault(parameter="cursor", detail=str(error))]) from None
        told = [answers.entry(listed, now=visit.now) for listed in page.timers]
        return HttpResponse(status=HTTPStatus.OK, document={"timers": told, "cursor": page.cursor})

    def _batch(self, visit: Visit) -> HttpResponse:
        Query(visit.call).check()
        batch = read_batch(visit.call.document(BATCH_BYTES), self._rules(visit))
        try:
            if batch.errors:
                raise BatchRefused(batch.errors)  # noqa: TRY301 - of one kind with the service's
            written = self._service.batch(batch.entries, visit.owner)
        except BatchRefused as refused:
            return problems.response(problems.batch_problem(refused, batch.ids, batch.below))
        return self._done(visit, batch, written)

    def _done(self, visit: Visit, batch: Batch, written: list[Written | None]) -> HttpResponse:
        results: list[dict[str, Any]] = []
        for entry, each in zip(batch.entries, written, strict=True):
            result: dict[str, Any] = {"id": entry.id, "status": _status(each)}
            if each is not None:
                result |= {"etag": etag(each.timer.rev), "timer": self._whole(visit, each.timer)}
            results.append(result)
        logger.info("timers written", extra={"timers": [entry.id for entry in batch.entries]})
        if size(encode(results)) > BATCH_ANSWER_BYTES:
            results = [
                {name: value for name, value in result.items() if name != "timer"}
                for result in results
            ]
        return HttpResponse(status=HTTPStatus.OK, document={"results": results})

    def _written(self, visit: Visit, written: Written) -> HttpResponse:
        timer = written.timer
        logger.info("timer written", extra={"timer": timer.id, "rev": timer.rev})
        # With the dot, since an id may have a colon, and what is before one would be a scheme.
        location = {"location": f"./{timer.id}"} if written.created else {}
        return HttpResponse(
            status=_status(written),
            document=self._whole(visit, timer),
            headers={**_tag(timer), **location},
        )

    def _whole(self, visit: Visit, timer: Timer) -> dict[str, Any]:
        return answers.whole(timer, now=visit.now, shards=self._shards)

    _answers = {  # noqa: RUF012 - a table, never changed
        TimerRoute.PUT: _put,
        TimerRoute.GET: _get,
        TimerRoute.PATCH: _patch,
        TimerRoute.DELETE: _delete,
        TimerRoute.OCCURRENCES: _occurrences,
        TimerRoute.LIST: _list,
        TimerRoute.BATCH: _batch,
    }


def principal(caller: Caller) -> str:
    """Name a caller as the owner of timers: nobody else has this name, in whatever tenant."""
    # What is before the first slash is the tenant.
    return f"{quote(caller.tenant, safe=':')}/{caller.owner}"


def _asked(visit: Visit) -> str:
    """Give the id of a call that has no query."""
    Query(visit.call).check()
    return visit.call.id


def _tag(timer: Timer) -> dict[str, str]:
    return {"etag": etag(timer.rev)}


def _status(written: Written | None) -> HTTPStatus:
    if written is None:
        return HTTPStatus.NO_CONTENT
    return HTTPStatus.CREATED if written.created else HTTPStatus.OK


def _unknown(call: Call) -> HttpResponse:
    """Tell that there is nothing there, or which methods there are."""
    routes = [route.partition(" ") for route in TimerRoute]
    methods = [method for method, _, resource in routes if resource == call.resource]
    if not methods:
        return problems.response(
            problems.stated(
                HTTPStatus.NOT_FOUND, ErrorCode.NOT_FOUND, "there is nothing at this address"
            )
        )
    allowed = ", ".join(methods)
    document = problems.stated(
        HTTPStatus.METHOD_NOT_ALLOWED, ErrorCode.INVALID_ACTION, f"the methods here are {allowed}"
    )
    return problems.response(document, allow=allowed)
