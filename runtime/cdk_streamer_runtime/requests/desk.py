"""Where requests are accepted and asked about, on behalf of one caller."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cdk_streamer_runtime.contract import DURABLE_SECONDS, ErrorCode, Executor, Metric, State
from cdk_streamer_runtime.documents import fingerprint
from cdk_streamer_runtime.durable.answers import Answers
from cdk_streamer_runtime.durable.executions import Executions
from cdk_streamer_runtime.errors import (
    Conflict,
    IllegalTransition,
    Rejection,
    RequestChanged,
    RequestNotFound,
    TooManySubscribers,
)
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.requests.actions import Action
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.gate import Gate
from cdk_streamer_runtime.requests.items import Body, Page
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.requests.webhook_url import WebhookHosts
from cdk_streamer_runtime.sockets.connections import Caller

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a client wants done; `connection` hears of it from the start."""

    request_id: str
    action: Action
    payload: Any
    metadata: Mapping[str, Any]
    connection: str | None = None
    trace: str | None = None
    webhook: str | None = None


class Desk:
    """Accepts, finds, lists and cancels the requests of whoever asks; never those of others."""

    def __init__(
        self,
        *,
        store: RequestStore,
        endings: Endings,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        worker_timeout: int,
        gate: Gate | None = None,
        webhooks: WebhookHosts | None = None,
        executions: Executions | None = None,
        durable_timeout: int = DURABLE_SECONDS,
    ) -> None:
        """Take where requests are; the timeouts are in seconds, the most that any may take.

        `gate` knows the limits; default: there are none. `webhooks` are those that are called
        when a request ends; default: none.
        """
        self._store = store
        self._endings = endings
        self._clock = clock
        self._new_id = new_id
        self._gate = gate
        self._webhooks = webhooks
        self._executions = executions
        self._timeouts = {Executor.WORKER: worker_timeout, Executor.DURABLE: durable_timeout}

    def submit(self, caller: Caller, submission: Submission) -> tuple[Request, bool]:
        """Store a request, or find the one with the same id and body, and tell whether it is new.

        Raises Conflict when the id was used with another body, RateLimited, and Rejection for a
        webhook that could never be called.
        """
        self._check_webhook(submission.webhook)
        now = self._clock()
        quotas = self._gate.quotas(caller, submission.action) if self._gate else ()
        request = replace(
            self._new_request(caller, submission, now),
            slots=tuple(quota.key for quota in quotas if quota.limit.in_flight is not None),
        )
        body = Body(payload=submission.payload, metadata=submission.metadata)
        stored, created = self._store.submit(request, body, now, quotas)
        if created:
            self._endings.count(Metric.REQUESTS_QUEUED)
            logger.info(
                "request queued",
                extra={"request": stored.request_id, "action": stored.action},
            )
        elif submission.connection is not None:
            with suppress(TooManySubscribers):  # who cannot be told can still ask
                stored = self._store.subscribe(
                    stored.key, submission.connection, caller.expires, now
                )
        return stored, created

    def find(self, caller: Caller, request_id: str) -> Request:
        """Give a request as it stands; raises RequestNotFound."""
        request = self._store.read(self._key(caller, request_id), self._clock())
        if request is None:
            raise RequestNotFound("there is no such request")
        return request

    def subscribe(
        self,
        caller: Caller,
        connection: str,
        request_id: str,
        gone: frozenset[str] = frozenset(),
    ) -> Request:
        """Let a connection hear of a request, and give it as it stood at that moment.

        It takes the place of those that are `gone`. Raises RequestNotFound, TooManySubscribers.
        """
        key = self._key(caller, request_id)
        return self._store.subscribe(key, connection, caller.expires, self._clock(), gone)

    def unsubscribe(self, caller: Caller, connection: str, request_id: str) -> None:
        """Let a connection hear no more of a request."""
        self._store.unsubscribe(self._key(caller, request_id), connection)

    def cancel(self, caller: Caller, request_id: str, reason: str | None) -> Request:
        """End a request that waits at once, and ask the worker of one that runs to stop.

        A request that has ended stays as it is.
        """
        request = self.find(caller, request_id)
        while True:
            try:
                return self._cancel(request, reason)
            except IllegalTransition:
                return request
            except RequestChanged as changed:
                request = changed.request

    def answer(
        self, caller: Caller, request_id: str, value: object, input_id: str | None
    ) -> Request:
        """Give a request its input; raises RequestNotFound, Rejection, Conflict."""
        request = self.find(caller, request_id)
        if self._executions is None:
            raise Conflict(f"the request is {request.state} and waits for no input")
        answers = Answers(store=self._store, executions=self._executions, clock=self._clock)
        return answers.give(request, value, input_id)

    def list(self, caller: Caller, *, state: State | None, limit: int, cursor: str | None) -> Page:
        """Give the caller's requests, newest first."""
        return self._store.list(
            caller.tenant,
            caller.owner,
            state=state,
            limit=limit,
            cursor=cursor,
            now=self._clock(),
        )

    def _cancel(self, request: Request, reason: str | None) -> Request:
        if request.state is State.CANCELLING:
            return request
        changes = {"cancel_reason": reason} if reason else {}
        now = self._clock()
        asleep = request.state is State.RUNNING and request.asleep_until > now
        ends = asleep or request.state is not State.RUNNING
        cancelled = self._store.transition(
            request,
            Event.STOP if asleep else Event.CANCEL,
            now,
            messages=int(ends),
            changes=changes if ends else {**changes, "stopping_at": now},
        )
        if cancelled.is_terminal:
            self._endings.ended(cancelled)
            if cancelled.execution is not None and self._executions is not None:
                self._executions.stop(cancelled.execution)
        return cancelled

    def _check_webhook(self, webhook: str | None) -> None:
        if webhook is None:
            return
        if self._webhooks is None:
            raise Rejection(ErrorCode.VALIDATION_ERROR, "this API calls no webhooks")
        self._webhooks.check(webhook)

    def _new_request(self, caller: Caller, submission: Submission, now: int) -> Request:
        action = submission.action
        subscribers = {submission.connection: caller.expires} if submission.connection else {}
        return Request(
            key=self._key(caller, submission.request_id),
            tenant=caller.tenant,
            owner=caller.owner,
            request_id=submission.request_id,
            action=action.name,
            body_hash=_body_hash(submission),
            created_at=now,
            expires_at=now + action.expires * 1000,
            timeout=(action.timeout or self._timeouts[action.executor]) * 1000,
            executor=action.executor,
            max_attempts=action.retry.max_attempts,
            subscribers=subscribers,
            mark=self._new_id(),
            trace=submission.trace,
            webhook=submission.webhook,
        )

    def _key(self, caller: Caller, request_id: str) -> str:
        return request_key(caller.tenant, caller.owner, request_id)


def _body_hash(submission: Submission) -> str:
    body = [submission.action.name, submission.payload]
    # Another webhook is another body: it would never be called, and nobody would know.
    return fingerprint(body if submission.webhook is None else [*body, submission.webhook])
