"""The HTTP API: one event of API Gateway in, its response out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.contract import ErrorCode, HttpRoute
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.exchange import HttpResponse
from cdk_streamer_runtime.http.exchange import HttpRequest
from cdk_streamer_runtime.http.refusals import Refusals
from cdk_streamer_runtime.http.routes import Routes
from cdk_streamer_runtime.http.submission import Submissions
from cdk_streamer_runtime.http.visit import Visit
from cdk_streamer_runtime.keys import is_request_id
from cdk_streamer_runtime.sockets.connections import Caller


class HttpApi:
    """Lets a caller in and answers; whatever is wrong, the answer is a problem."""

    def __init__(
        self,
        *,
        callers: Callers,
        refusals: Refusals,
        submissions: Submissions,
        routes: Routes,
        clock: Callable[[], int],
    ) -> None:
        """Take who tells callers apart, and who answers them."""
        self._callers = callers
        self._refusals = refusals
        self._submissions = submissions
        self._routes = routes
        self._clock = clock

    def handle(
        self, event: Mapping[str, Any], remaining: Callable[[], int], trace: str | None
    ) -> dict[str, Any]:
        """Answer one event; `remaining` tells how many milliseconds the function has left."""
        try:
            visit = Visit(
                caller=self._caller(event),
                request=HttpRequest.from_event(event),
                trace=trace,
                remaining=remaining,
            )
            return self._answer(visit).to_event()
        except Exception as error:  # noqa: BLE001 - the refusal logs what no caller may read
            return self._refusals.tell(error, _request_id(event), trace).to_event()

    def _caller(self, event: Mapping[str, Any]) -> Caller:
        caller = self._callers.of(event)
        # API Gateway may know an authorizer's answer for longer than the token lives.
        if caller.expires * 1000 <= self._clock():
            raise Rejection(
                ErrorCode.UNAUTHORIZED, "the token has expired; ask with a new one", retryable=True
            )
        return caller

    def _answer(self, visit: Visit) -> HttpResponse:
        if visit.request.route == HttpRoute.SUBMIT:
            return self._submissions.post(visit)
        return self._routes.answer(visit)


def _request_id(event: Mapping[str, Any]) -> str | None:
    """Give the id in the path, of the request that a problem is about."""
    parameters: Mapping[str, Any] = event.get("pathParameters") or {}
    text = parameters.get("request_id")
    return text if is_request_id(text) else None
