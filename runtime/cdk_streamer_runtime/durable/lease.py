"""The right of a durable execution to tell about its attempt, which no time ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.durable.store import DurableStore
from cdk_streamer_runtime.errors import Cancelled
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.lease import Lease
from cdk_streamer_runtime.requests.request import Request

LOOK_EVERY = 20_000  # milliseconds, while the handler runs and reports nothing


class DurableLease(Lease):
    """A claimed attempt whose handler may begin anew: what it says never goes back."""

    def __init__(self, request: Request, **parts: Any) -> None:  # noqa: ANN401 - as of any lease
        """Take the request as the claim returned it."""
        super().__init__(request, **parts)
        self._wrote_at = self._clock()

    def keep_at(self) -> int:
        """Look for a wish to cancel now and then; a handler that waits is not looked after."""
        return self._wrote_at + LOOK_EVERY

    def extended(self, report: Mapping[str, Any] | None, now: int) -> int | None:
        """Extend nothing: the watcher asks Lambda how the execution is."""
        del report
        self._wrote_at = now
        return None

    def write(self, report: Mapping[str, Any] | None) -> bool:
        """Store a report and post it; raises like any lease."""
        return super().write(self.floored(report))

    def floored(self, report: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Give the report with the percentage that an earlier invocation told, if it was higher."""
        told = self.request.progress or {}
        if report is None or told.get("attempt") != self.request.attempt:
            return report
        both = (told.get("percentage"), report["percentage"])
        known = [percentage for percentage in both if percentage is not None]
        return {**report, "percentage": max(known, default=None)}

    def rest(self, store: DurableStore, until: int, last: Mapping[str, Any] | None) -> None:
        """Note that the handler sleeps; raises Cancelled, LeaseLost."""
        self._ticks += 1
        last = self.floored(last)
        report = None if last is None else {**last, "attempt": self.request.attempt}
        self.request = store.rest(self.request, self._ticks, until, progress=report, gone=self.gone)
        self.gone = frozenset()
        if report is not None:
            self.tell(news.progress(self.request, report, self.request.seq, self._clock()))
        if self.request.state is State.CANCELLING:
            raise Cancelled(self.request.cancel_reason or "the client cancelled the request")
