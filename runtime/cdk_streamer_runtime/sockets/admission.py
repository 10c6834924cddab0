"""Lets callers in whom API Gateway has let through, and remembers them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.contract import Metric
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.sockets.connections import ConnectionStore, subprotocol
from cdk_streamer_runtime.sockets.origins import Origins
from cdk_streamer_runtime.sockets.posts import Counter

logger = logging.getLogger(__name__)

# The handshake fails with this status; a browser's page is told nothing of it.
_REFUSED: Mapping[str, Any] = {"statusCode": 403}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The last gate before a connection stands. `clock` gives milliseconds since the epoch."""

    store: ConnectionStore
    callers: Callers
    origins: Origins
    clock: Callable[[], int]
    metrics: Counter

    def admit(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a `$connect`. Nothing can be posted from here: the connection does not stand."""
        if not self.origins.admit(event):
            logger.warning("connection denied", extra={"reason": "origin not accepted"})
            return self._refuse()
        try:
            caller = self.callers.of(event)
        except Rejection:
            return self._refuse()
        now = self.clock()
        if caller.expires * 1000 <= now:
            logger.warning("connection denied", extra={"reason": "caller expired"})
            return self._refuse()
        self.store.add(event["requestContext"]["connectionId"], caller, now)
        return {"statusCode": 200, "headers": subprotocol(event)}

    def dismiss(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a `$disconnect`, which may also never come."""
        self.store.remove(event["requestContext"]["connectionId"])
        return {"statusCode": 200}

    def _refuse(self) -> dict[str, Any]:
        self.metrics.count(Metric.AUTH_FAILURES)
        return dict(_REFUSED)
