"""Who says something on a connection that stands."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.callers import NOBODY, Caller, latest_end
from cdk_streamer_runtime.contract import AuthorizerContext
from cdk_streamer_runtime.sockets.connections import ConnectionStore

logger = logging.getLogger(__name__)

KNOWN = 1_000


class Speakers:
    """Tells callers from message events.

    What a Lambda authorizer said at `$connect` comes with each of them. What AWS_IAM found does
    not, so it is read from the connection's item, once in a process: it never changes.
    """

    def __init__(self, store: ConnectionStore) -> None:
        """Take the connections' items."""
        self._store = store
        self._known: dict[str, Caller] = {}

    def of(self, event: Mapping[str, Any]) -> Caller:
        """Tell who speaks; `NOBODY` for a connection that nobody remembers."""
        request: Mapping[str, Any] = event["requestContext"]
        context: Mapping[str, Any] = request.get("authorizer") or {}
        if AuthorizerContext.TENANT in context:
            return Caller.from_context(context, latest_end(request))
        connection = str(request["connectionId"])
        return self._known.get(connection) or self._look_up(connection)

    def _look_up(self, connection: str) -> Caller:
        caller = self._store.caller_of(connection)
        if caller is None:
            logger.warning("caller not known", extra={"reason": "no item of the connection"})
            return NOBODY
        if len(self._known) >= KNOWN:
            self._known.pop(next(iter(self._known)))
        self._known[connection] = caller
        return caller
