"""Tells what went wrong with a request, through the same hands as on a socket."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.exchange import HttpResponse
from cdk_streamer_runtime.http.problems import problem, status_of
from cdk_streamer_runtime.reception import Reception
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.sockets import messages

logger = logging.getLogger(__name__)


class Refusals:
    """Makes problems of exceptions, whatever they are."""

    def __init__(self, *, app: AsyncApp, reception: Reception, clock: Callable[[], int]) -> None:
        """Take who knows what a caller may read."""
        self._app = app
        self._reception = reception
        self._clock = clock

    def tell(self, error: Exception, request_id: str | None, trace: str | None) -> HttpResponse:
        """Give the problem of an error; never raises."""
        fault = self._reception.refusal(error, trace)
        message = messages.error(request_id, fault, self._clock())
        try:
            told = self._app.outgoing(message)["error"]
            response = problem(told, request_id=request_id, status=status_of(error))
            response.to_event()
        except Exception:  # of middleware: what it would not let pass must not be told without it
            logger.exception("error not told", extra={"code": fault["code"]})
            text = "the service could not do this"
            plain = messages.fault(ErrorCode.INTERNAL_ERROR, text, trace=trace)
            return problem(plain, request_id=request_id)
        return response
