"""Lambda entry point of `$connect` and `$disconnect`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import ConnectionEnvironment, Route
from cdk_streamer_runtime.sockets.connections import Caller, ConnectionStore, subprotocol


@lru_cache(maxsize=1)
def _store() -> ConnectionStore:
    return in_lambda().connections(ConnectionEnvironment.from_variables())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Remember or forget a connection. Nothing can be posted from here: it does not stand yet."""
    request = event["requestContext"]
    if request["routeKey"] == Route.CONNECT:
        caller = Caller.from_context(request["authorizer"])
        _store().add(request["connectionId"], caller, in_lambda().platform.clock())
        return {"statusCode": 200, "headers": subprotocol(event)}
    _store().remove(request["connectionId"])
    return {"statusCode": 200}
