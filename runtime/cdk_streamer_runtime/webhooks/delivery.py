"""Delivers one webhook: again and again, until its receiver knows or wants no more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from cdk_streamer_runtime.contract import Metric
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import AwsError, Rejection
from cdk_streamer_runtime.requests.notices import Notices
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.webhook_url import WebhookHosts
from cdk_streamer_runtime.sockets.messages import timestamp
from cdk_streamer_runtime.sockets.posts import Counter
from cdk_streamer_runtime.webhooks.schedule import LONGEST_WAIT, step_of
from cdk_streamer_runtime.webhooks.secret import Secret
from cdk_streamer_runtime.webhooks.sender import NotSent, Reply, Sender
from cdk_streamer_runtime.webhooks.signature import BadSecret, signature

logger = logging.getLogger(__name__)

_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An attempt in vain; `wait` is how many milliseconds the receiver wants to be left alone."""

    reason: str
    wait: int = 0
    host: str | None = None


class Deliveries:
    """Handles messages of the webhook queue, one a request that has ended."""

    def __init__(
        self,
        *,
        store: RequestStore,
        notices: Notices,
        queue: Queue,
        hosts: WebhookHosts,
        secret: Secret,
        sender: Sender,
        snapshot: Callable[[Request], Mapping[str, Any]],
        metrics: Counter,
        clock: Callable[[], int],
    ) -> None:
        """Take where requests are, who sends, and what is told of a request."""
        self._store = store
        self._notices = notices
        self._queue = queue
        self._hosts = hosts
        self._secret = secret
        self._sender = sender
        self._snapshot = snapshot
        self._metrics = metrics
        self._clock = clock

    def handle(self, key: str, receipt: str, receives: int) -> bool:
        """Deliver; False keeps the message, hidden until the next attempt is due."""
        step = step_of(receives)
        if not step.sends:
            self._queue.show_again(receipt, step.pause or 0)
            return False
        failure = self._attempt(key)
        if failure is None:
            return True
        self._metrics.count(Metric.WEBHOOKS_FAILED)
        logger.warning(
            "webhook not delivered",
            extra={
                "key": key,
                "host": failure.host,
                "reason": failure.reason,
                "receives": receives,
            },
        )
        # After the last step nothing waits any more: SQS moves the message to the dead letters.
        wait = 0 if step.pause is None else max(step.pause, failure.wait)
        self._queue.show_again(receipt, min(wait, LONGEST_WAIT))
        return False

    def _attempt(self, key: str) -> Failure | None:
        try:
            request = self._store.read(key, self._clock())
            if request is None or not request.is_terminal or request.notified_at is not None:
                return None
            failure = self._call(request, request.webhook)
            now = self._clock()
            if failure is None:
                self._notices.done(key, now)
            elif request.notice_tried_at is None:
                self._notices.tried(key, now)
        except AwsError as error:
            return Failure(reason=error.code)
        return failure and replace(failure, host=_host(request))

    def _call(self, request: Request, url: str | None) -> Failure | None:
        if url is None:
            return None
        try:
            self._hosts.check(url)
            reply = self._sender.send(url, *self._message(request))
        except Rejection as refusal:
            # The author has named other hosts since: no later attempt will find it otherwise.
            self._metrics.count(Metric.WEBHOOKS_FAILED)
            logger.warning(
                "webhook given up", extra={"key": request.key, "reason": refusal.message}
            )
            return None
        except (NotSent, BadSecret) as failure:
            return Failure(reason=str(failure))
        return self._judged(request, reply)

    def _judged(self, request: Request, reply: Reply) -> Failure | None:
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            self._metrics.count(Metric.WEBHOOKS_DELIVERED)
            logger.info("webhook delivered", extra={"key": request.key, "host": _host(request)})
            return None
        if reply.status == HTTPStatus.GONE:
            self._metrics.count(Metric.WEBHOOKS_FAILED)
            logger.warning("webhook not wanted", extra={"key": request.key, "host": _host(request)})
            return None
        wait = _wait(reply.retry_after, self._clock()) if reply.status in _BUSY else 0
        return Failure(reason=f"status {reply.status}", wait=wait)

    def _message(self, request: Request) -> tuple[Mapping[str, str], bytes]:
        document = {
            "type": f"request.{request.state.value.lower()}",
            "timestamp": timestamp(request.ended_at or 0),
            "data": self._snapshot(request),
        }
        body, moment = encode(document).encode(), self._clock() // 1000
        headers = {
            "content-type": "application/json",
            "user-agent": "cdk-streamer-webhooks",
            "webhook-id": request.key,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(self._secret.keys(), request.key, moment, body),
        }
        return headers, body


def _host(request: Request) -> str | None:
    """Give the host alone: path and query of a webhook may hold what only its receiver knows."""
    return urlsplit(request.webhook or "").hostname


def _wait(retry_after: str | None, now: int) -> int:
    """Read `Retry-After`, seconds or a date, in milliseconds; what cannot be read is no wish."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdecimal():
        return int(text[:9]) * 1000
    if not text:
        return 0
    from email.utils import parsedate_to_datetime  # 25 ms of a cold start, for few answers

    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000) - now
    except (ValueError, OverflowError):
        return 0
