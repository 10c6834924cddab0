"""Tells subscribers and metrics about what became of a request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.limits.slots import Slots
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.notices import Notices
from cdk_streamer_runtime.requests.remains import Remains
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import Results
from cdk_streamer_runtime.sockets.posts import Counter, Posts

logger = logging.getLogger(__name__)

_METRICS = {
    State.SUCCEEDED: Metric.REQUESTS_SUCCEEDED,
    State.FAILED: Metric.REQUESTS_FAILED,
    State.CANCELLED: Metric.REQUESTS_CANCELLED,
    State.EXPIRED: Metric.REQUESTS_EXPIRED,
}


class Endings:
    """Posts and counts the end of an attempt or of a request, after it was stored."""

    def __init__(
        self,
        posts: Posts,
        metrics: Counter,
        clock: Callable[[], int],
        *,
        slots: Slots | None = None,
        notices: Notices | None = None,
        results: Results | None = None,
        remains: Remains | None = None,
    ) -> None:
        """Take where messages and counts go, and where places under limits are given back.

        `notices` asks for webhooks, `results` knows where large results are; default: there are
        none. `remains` lets go what was kept for longer; default: it stays.
        """
        self._posts = posts
        self._metrics = metrics
        self._clock = clock
        self._slots = slots
        self._notices = notices
        self._results = results
        self._remains = remains

    def count(self, metric: Metric) -> None:
        """Count one of `metric`."""
        self._metrics.count(metric)

    def ended(self, request: Request) -> None:
        """Tell that a request has ended."""
        self._metrics.count(_METRICS[request.state])
        logger.info(
            "request ended",
            extra={
                "request": request.request_id,
                "action": request.action,
                "state": request.state.value,
                "attempt": request.attempt,
            },
        )
        if self._slots and request.slots:
            # First, for who hears of the end may ask for the next request at once.
            self._slots.give_back(request.slots, request.key)
        self._tell(request, news.ending(request, self._clock(), self._results))
        self._notify(request)
        self._release(request)

    def owed(self, request: Request) -> int | None:
        """Do what an end still needs after a crash, and tell when to look again; None: never."""
        self._release(request)
        return self._notices.owed(request, self._clock()) if self._notices else None

    def retrying(self, request: Request) -> None:
        """Tell that another attempt follows."""
        self._metrics.count(Metric.REQUESTS_RETRIED)
        self._tell(request, news.retrying(request, self._clock()))

    def _release(self, request: Request) -> None:
        if self._remains is not None:
            self._remains.release(request)

    def _notify(self, request: Request) -> None:
        if self._notices is None:
            return
        try:
            self._notices.ask(request)
        except AwsError as error:
            # The watcher asks again, and nobody must take the request for one that failed.
            logger.warning(
                "webhook not asked for",
                extra={"request": request.request_id, "code": error.code},
            )

    def _tell(self, request: Request, message: Mapping[str, Any]) -> None:
        self._posts.broadcast(request.subscribers, message, self._clock(), request.trace)
