"""What each route of the HTTP API does; submissions have a module of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.auth.tickets import TicketStore
from cdk_streamer_runtime.contract import (
    WAIT_SECONDS,
    BuiltinAction,
    ErrorCode,
    HttpRoute,
    State,
)
from cdk_streamer_runtime.errors import Rejection, RequestNotFound
from cdk_streamer_runtime.exchange import HttpResponse
from cdk_streamer_runtime.http.arguments import Preferences, Query
from cdk_streamer_runtime.http.snapshots import Snapshots, get, inquiry
from cdk_streamer_runtime.http.visit import Visit
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.inquiries import LARGEST_PAGE
from cdk_streamer_runtime.sockets import messages

Weigh = Callable[[str], None]


class Routes:
    """Answers visits that ask about requests, or about the API itself."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        snapshots: Snapshots,
        tickets: TicketStore | None,
        weigh: Weigh,
        clock: Callable[[], int],
    ) -> None:
        """Take who is asked; without `tickets` none are handed out."""
        self._app = app
        self._snapshots = snapshots
        self._tickets = tickets
        self._weigh = weigh
        self._clock = clock

    def answer(self, visit: Visit) -> HttpResponse:
        """Answer; raises RequestNotFound for an unknown route, and what a call is refused for."""
        route = visit.request.route
        if route not in self._answers:
            raise RequestNotFound("there is nothing at this address")
        return self._answers[HttpRoute(route)](self, visit)

    def _list(self, visit: Visit) -> HttpResponse:
        query = Query.of(visit.request, "state", "limit", "cursor")
        given = {
            "state": query.text("state"),
            "limit": query.integer("limit", 1, LARGEST_PAGE),
            "cursor": query.text("cursor"),
        }
        arguments = {name: value for name, value in given.items() if value is not None}
        return self._data(visit, BuiltinAction.LIST, arguments)

    def _get(self, visit: Visit) -> HttpResponse:
        query = Query.of(visit.request, "wait", "after_seq")
        wait = query.integer("wait", 0, WAIT_SECONDS)
        after = query.integer("after_seq", 0)
        wish = Preferences.of(visit.request).wait if wait is None else None
        snapshot = self._snapshots.of(visit, visit.request_id, wait=wait or wish or 0, after=after)
        applied = {} if wish is None else {"preference-applied": f"wait={wish}"}
        return HttpResponse(status=HTTPStatus.OK, document=snapshot, headers=applied)

    def _cancel(self, visit: Visit) -> HttpResponse:
        reason = Query.of(visit.request, "reason").text("reason")
        if visit.request.body:
            told = visit.members(self._weigh).get("reason", reason)
            if reason is not None and reason != told:
                raise Rejection(
                    ErrorCode.VALIDATION_ERROR, "the reasons in body and URL differ; send one"
                )
            reason = told
        arguments = {"request_id": visit.request_id, "reason": reason}
        data = self._snapshots.answer(visit, inquiry(BuiltinAction.CANCEL, arguments))
        asked = data["state"] == State.CANCELLING
        return HttpResponse(status=HTTPStatus.ACCEPTED if asked else HTTPStatus.OK, document=data)

    def _chunks(self, visit: Visit) -> HttpResponse:
        start = Query.of(visit.request, "from").integer("from", 0)
        snapshot = self._snapshots.answer(visit, get(visit.request_id, chunks_from=start or 0))
        named = {"request_id": visit.request_id, "state": snapshot["state"]}
        return HttpResponse(status=HTTPStatus.OK, document={**named, **snapshot["chunk_page"]})

    def _input(self, visit: Visit) -> HttpResponse:
        Query.of(visit.request)
        arguments = {**visit.members(self._weigh), "request_id": visit.request_id}
        return self._data(visit, BuiltinAction.INPUT, arguments)

    def _upload(self, visit: Visit) -> HttpResponse:
        Query.of(visit.request)
        members = visit.members(self._weigh)
        return self._data(visit, BuiltinAction.UPLOAD, members, HTTPStatus.CREATED)

    def _ticket(self, visit: Visit) -> HttpResponse:
        Query.of(visit.request)
        if self._tickets is None:
            raise RequestNotFound("this API hands out no tickets")
        ticket = self._tickets.issue(visit.caller, self._clock())
        document = {
            "ticket": ticket.text,
            "expires_at": messages.timestamp(ticket.expires_at),
            "subprotocol": ticket.subprotocol,
        }
        return HttpResponse(status=HTTPStatus.CREATED, document=document)

    def _actions(self, visit: Visit) -> HttpResponse:
        Query.of(visit.request)
        return HttpResponse(status=HTTPStatus.OK, document={"actions": self._app.describe()})

    def _openapi(self, visit: Visit) -> HttpResponse:
        Query.of(visit.request)
        # Late: it is asked for once in a while, and each cold start would pay for it.
        from cdk_streamer_runtime.http.openapi import openapi

        without = [] if self._tickets else [HttpRoute.TICKET]
        document = openapi(self._app, without=without)
        return HttpResponse(status=HTTPStatus.OK, document=document)

    def _data(
        self,
        visit: Visit,
        action: BuiltinAction,
        arguments: Mapping[str, Any],
        status: HTTPStatus = HTTPStatus.OK,
    ) -> HttpResponse:
        data = self._snapshots.answer(visit, inquiry(action, arguments))
        return HttpResponse(status=status, document=data)

    _answers = {  # noqa: RUF012 - a table, never changed
        HttpRoute.LIST: _list,
        HttpRoute.GET: _get,
        HttpRoute.CANCEL: _cancel,
        HttpRoute.CHUNKS: _chunks,
        HttpRoute.INPUT: _input,
        HttpRoute.UPLOAD: _upload,
        HttpRoute.TICKET: _ticket,
        HttpRoute.ACTIONS: _actions,
        HttpRoute.OPENAPI: _openapi,
    }
