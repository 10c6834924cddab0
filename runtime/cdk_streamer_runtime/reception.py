"""Where a call of an app's action comes in, over a socket or HTTP: one way for both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.errors import (
    AwsError,
    Conflict,
    Rejection,
    RequestNotFound,
    TooManySubscribers,
)
from cdk_streamer_runtime.progress.progress import Progress, Silence
from cdk_streamer_runtime.requests.actions import SYNC_SECONDS, Action, Call, RequestContext
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.desk import Desk, Submission
from cdk_streamer_runtime.requests.failures import fault_of, loggable
from cdk_streamer_runtime.requests.gate import Gate
from cdk_streamer_runtime.requests.inputs import InvalidInput
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import result_text
from cdk_streamer_runtime.requests.uploads import Uploads
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.connections import Caller
from cdk_streamer_runtime.sockets.frames import Frame

logger = logging.getLogger(__name__)

# Everything that a call can be refused for; any other exception is a fault of ours.
Refused = (Rejection, InvalidInput, RequestNotFound, Conflict, TooManySubscribers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An async action is queued, or was before (`created` is False)."""

    request: Request
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A sync action has run."""

    data: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The handler of a sync action has failed."""

    fault: Mapping[str, Any]


class Reception:
    """Takes one call at a time: finds its action, admits its caller, checks it, runs it."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        desk: Desk | None,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        alarm: Callable[[int], AbstractContextManager[object]],
        gate: Gate | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        """Take the app and the world; without a desk no async action is accepted.

        `gate` knows the limits, `uploads` where clients put what is large; default: there are none.
        """
        self._app = app
        self._desk = desk
        self._clock = clock
        self._new_id = new_id
        self._alarm = alarm
        self._gate = gate
        self._uploads = uploads

    def weigh(self, text: str) -> None:
        """Let a message pass that is not too large; raises Rejection."""
        limit = self._app.max_message_bytes
        if size(text) > limit:
            raise Rejection(
                ErrorCode.PAYLOAD_TOO_LARGE,
                f"the message has {size(text)} bytes, but {limit} is the most; "
                "store the data elsewhere and send its address",
            )

    def take(
        self, caller: Caller, frame: Frame, trace: str | None, connection: str | None = None
    ) -> Accepted | Answer | Failed:
        """Queue or run what a frame asks for; raises one of `Refused`."""
        action = self._app.find(frame.action)
        action.admit(caller.scopes)
        self._app.validate(action, frame.payload)
        if action.mode_for(frame.payload, frame.prefer) == "async":
            return self._accept(caller, frame, action, trace, connection)
        if frame.webhook is not None:
            raise Rejection(
                ErrorCode.VALIDATION_ERROR,
                "webhook is for async actions; this one is answered at once",
            )
        if self._gate:
            self._gate.charge(caller, action, self._clock())
        return self._run(caller, frame, action, trace)

    def refusal(self, error: Exception, trace: str | None) -> Mapping[str, Any]:
        """Give what a client may read of whatever went wrong, and log what it may not."""
        if isinstance(error, AwsError):
            logger.error("not answered", extra={"code": error.code}, exc_info=error)
            return messages.fault(
                ErrorCode.INTERNAL_ERROR,
                "the service could not do this now; try again",
                retryable=True,
                retry_after=1_000,
                trace=trace,
            )
        if not isinstance(error, Refused):
            # The author's own code: an input check, a rule for the mode, middleware.
            logger.error("not answered", extra={"error": type(error).__name__}, exc_info=error)
        return fault_of(error, trace)

    def _accept(
        self,
        caller: Caller,
        frame: Frame,
        action: Action,
        trace: str | None,
        connection: str | None,
    ) -> Accepted:
        if self._desk is None:
            raise Rejection(ErrorCode.INVALID_ACTION, "this API accepts no async actions")
        submission = Submission(
            request_id=frame.id or self._new_id(),
            action=action,
            payload=frame.payload,
            metadata=frame.metadata,
            connection=connection,
            trace=trace,
            webhook=frame.webhook,
        )
        request, created = self._desk.submit(caller, submission)
        return Accepted(request=request, created=created)

    def _run(
        self, caller: Caller, frame: Frame, action: Action, trace: str | None
    ) -> Answer | Failed:
        timeout = min(action.timeout or SYNC_SECONDS, SYNC_SECONDS) * 1000
        call = Call(
            action=action,
            payload=frame.payload,
            context=self._context(caller, frame, timeout),
            progress=Progress(Silence()),
        )
        try:
            with self._alarm(timeout):
                data = self._app.execute(call)
            result_text(data)
        except Exception as error:
            logger.error(  # noqa: TRY400 - the traceback goes along
                "sync action failed",
                extra={"action": action.name, "error": type(error).__name__},
                exc_info=loggable(error),
            )
            return Failed(fault=fault_of(error, trace))
        return Answer(data=data)

    def _context(self, caller: Caller, frame: Frame, timeout: int) -> RequestContext:
        return RequestContext(
            request_id=frame.id or self._new_id(),
            action=frame.action,
            tenant=caller.tenant,
            owner=caller.owner,
            attempt=1,
            idempotency_key=self._new_id(),
            deadline=self._clock() + timeout,
            metadata=frame.metadata,
            uploads=self._uploads,
        )
