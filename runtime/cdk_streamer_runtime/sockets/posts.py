"""Posting to connections. A post is an optimization: what it says is stored before it is said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import Metric
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import AwsError, Gone, Throttled

logger = logging.getLogger(__name__)

# A connection answers 410 for a moment after it was made too, so one 410 proves nothing.
GONE_AFTER = 5_000
NOT_FOUND = 404
TOO_LARGE = 413

EachPost = Callable[[Callable[[str], "Delivery"], Iterable[str]], Iterable["Delivery"]]


class Delivery(StrEnum):
    """What became of a post."""

    SENT = "sent"
    GONE = "gone"
    BUSY = "busy"
    FAILED = "failed"
    REFUSED = "refused"  # by the app's own middleware, or for its size: it would be so each time


class Counter(Protocol):
    """Counts what happened; `metrics.Metrics` is one."""

    def count(self, metric: Metric, value: int = 1) -> None:
        """Add to a metric."""
        ...

    def milliseconds(self, metric: Metric, value: float) -> None:
        """Record a duration."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """What became of a message to all subscribers."""

    gone: frozenset[str]
    busy: bool


class Posts:
    """Sends messages to connections of one WebSocket API."""

    def __init__(
        self,
        aws: Aws,
        endpoint: str,
        *,
        metrics: Counter,
        each: EachPost = map,
        outgoing: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda message: message,
    ) -> None:
        """Take the callback URL; `each` may map in parallel, `outgoing` sees every message."""
        self._aws = aws
        self._endpoint = endpoint.rstrip("/")
        self._metrics = metrics
        self._each = each
        self._outgoing = outgoing
        self._missing: dict[str, int] = {}

    def send(
        self, connection: str, message: Mapping[str, Any], trace: str | None = None
    ) -> Delivery:
        """Post one message to one connection; never raises for what became of it."""
        return self._post(connection, self._encode(message), trace)

    def send_plain(self, connection: str, message: Mapping[str, Any], trace: str | None) -> None:
        """Post a message that carries nothing of the app, past its middleware."""
        self._post(connection, encode(message).encode(), trace)

    def broadcast(
        self,
        subscribers: Mapping[str, int],
        message: Mapping[str, Any],
        now: int,
        trace: str | None = None,
    ) -> Broadcast:
        """Post one message to all subscribers, and tell which ones to forget.

        Connections whose token has expired get nothing and are forgotten.
        """
        body = self._encode(message)
        alive = [name for name, expires in subscribers.items() if expires * 1000 > now]
        deliveries = list(self._each(lambda name: self._post(name, body, trace), alive))
        missing = [
            name
            for name, delivery in zip(alive, deliveries, strict=True)
            if delivery is Delivery.GONE
        ]
        dead = {name for name in missing if self._is_dead(name, now)}
        return Broadcast(
            gone=frozenset(dead | (subscribers.keys() - set(alive))),
            busy=Delivery.BUSY in deliveries,
        )

    def gone(self, subscribers: Mapping[str, int], now: int) -> frozenset[str]:
        """Ask who of some subscribers is not there any more, or may not hear any more.

        No young connection is among them, of which a 410 would prove nothing: each has spoken.
        """
        alive = [name for name, expires in subscribers.items() if expires * 1000 > now]
        answers = self._each(self._look, alive)
        missing = {
            name for name, found in zip(alive, answers, strict=True) if found is Delivery.GONE
        }
        return frozenset(missing | (subscribers.keys() - set(alive)))

    def close(self, connection: str) -> None:
        """End a connection; one that could not be ended has its next message refused again."""
        try:
            self._aws.rest("execute-api", "DELETE", self._url(connection))
        except Gone:
            logger.debug("connection was gone", extra={"connection": connection})
        except AwsError as error:
            logger.warning("not closed", extra={"connection": connection, "code": error.code})

    def _look(self, connection: str) -> Delivery:
        try:
            self._aws.rest("execute-api", "GET", self._url(connection))
        except Gone:
            return Delivery.GONE
        except AwsError as error:
            if error.status == NOT_FOUND:
                return Delivery.GONE
            logger.warning("not looked at", extra={"connection": connection, "code": error.code})
            return Delivery.FAILED
        return Delivery.SENT

    def _is_dead(self, connection: str, now: int) -> bool:
        return now - self._missing.setdefault(connection, now) >= GONE_AFTER

    def _post(self, connection: str, body: bytes | None, trace: str | None) -> Delivery:
        if body is None:
            return Delivery.REFUSED
        headers = {"X-Amzn-Trace-Id": trace} if trace else {}
        try:
            self._aws.rest("execute-api", "POST", self._url(connection), body=body, headers=headers)
        except Gone:
            self._metrics.count(Metric.CONNECTIONS_GONE)
            return Delivery.GONE
        except Throttled:
            return Delivery.BUSY
        except AwsError as error:
            # The client reads the same from the table when it polls, so the job goes on.
            self._metrics.count(Metric.POST_FAILURES)
            logger.warning("post failed", extra={"connection": connection, "code": error.code})
            return Delivery.REFUSED if error.status == TOO_LARGE else Delivery.FAILED
        self._missing.pop(connection, None)
        return Delivery.SENT

    def _encode(self, message: Mapping[str, Any]) -> bytes | None:
        try:
            return encode(self._outgoing(message)).encode()
        except Exception:  # of middleware: what it would not let pass must not be sent without it
            self._metrics.count(Metric.POST_FAILURES)
            logger.exception("message not sent", extra={"type": message.get("type")})
            return None

    def _url(self, connection: str) -> str:
        return f"{self._endpoint}/@connections/{quote(connection, safe='')}"
