"""Answers what a client says on its connection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from cdk_streamer_runtime.contract import BuiltinAction, ErrorCode
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.errors import (
    AwsError,
    Conflict,
    InvalidFrame,
    Rejection,
    RequestNotFound,
    TooManySubscribers,
)
from cdk_streamer_runtime.progress.progress import Progress, Silence
from cdk_streamer_runtime.protocol import Protocol
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.actions import SYNC_SECONDS, Action, Call, RequestContext
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.desk import Desk, Submission
from cdk_streamer_runtime.requests.failures import fault_of
from cdk_streamer_runtime.requests.inputs import InvalidInput
from cdk_streamer_runtime.requests.results import result_text
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.connections import Connection
from cdk_streamer_runtime.sockets.frames import Frame, decode_frame
from cdk_streamer_runtime.sockets.messages import Message
from cdk_streamer_runtime.sockets.posts import Posts

logger = logging.getLogger(__name__)

# Everything that a frame can be refused for; any other exception is a fault of ours.
Refused = (Rejection, InvalidInput, RequestNotFound, Conflict, TooManySubscribers)


class Conversation:
    """Takes one frame at a time and posts its answer."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        protocol: Protocol,
        desk: Desk | None,
        posts: Posts,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        alarm: Callable[[int], AbstractContextManager[object]],
    ) -> None:
        """Take the app and the world; without a desk no async action is accepted."""
        self._app = app
        self._protocol = protocol
        self._desk = desk
        self._posts = posts
        self._clock = clock
        self._new_id = new_id
        self._alarm = alarm

    def hear(self, connection: Connection, text: str, trace: str | None) -> None:
        """Answer one frame; whatever is wrong with it, the client gets an `error`."""
        if connection.caller.expires * 1000 <= self._clock():
            self._end(connection, trace)
            return
        frame = None
        try:
            frame = decode_frame(text)
            self._weigh(text)
            answers = self._answers(connection, frame, trace)
        except Refused as error:
            answers = [self._refusal(error, frame, trace)]
        except AwsError as error:
            logger.exception("frame not answered", extra={"code": error.code})
            answers = [self._internal_error(frame, trace)]
        except Exception as error:
            # The author's own code: an input check, a rule for the mode, middleware.
            logger.exception("frame not answered", extra={"error": type(error).__name__})
            answers = [self._refusal(error, frame, trace)]
        for answer in answers:
            self._posts.send(connection.id, answer, trace)

    def _weigh(self, text: str) -> None:
        limit = self._app.max_message_bytes
        if size(text) > limit:
            raise Rejection(
                ErrorCode.PAYLOAD_TOO_LARGE,
                f"the message has {size(text)} bytes, but {limit} is the most; "
                "store the data elsewhere and send its address",
            )

    def _answers(self, connection: Connection, frame: Frame, trace: str | None) -> list[Message]:
        if frame.action in set(BuiltinAction):
            return self._protocol.answer(connection, frame)
        action = self._app.find(frame.action)
        action.admit(connection.caller.scopes)
        self._app.validate(action, frame.payload)
        if action.mode_for(frame.payload, frame.prefer) == "async":
            return self._accept(connection, frame, action, trace)
        return [self._run(connection, frame, action, trace)]

    def _accept(
        self, connection: Connection, frame: Frame, action: Action, trace: str | None
    ) -> list[Message]:
        if self._desk is None:
            raise Rejection(ErrorCode.INVALID_ACTION, "this API accepts no async actions")
        submission = Submission(
            request_id=frame.id or self._new_id(),
            action=action,
            payload=frame.payload,
            metadata=frame.metadata,
            connection=connection.id,
            trace=trace,
        )
        request, created = self._desk.submit(connection.caller, submission)
        now = self._clock()
        accepted = news.acknowledgment(request, now)
        # Who asks twice has missed what was said in between.
        return [accepted] if created else [accepted, news.snapshot(request, None, now)]

    def _run(
        self, connection: Connection, frame: Frame, action: Action, trace: str | None
    ) -> Message:
        timeout = min(action.timeout or SYNC_SECONDS, SYNC_SECONDS) * 1000
        call = Call(
            action=action,
            payload=frame.payload,
            context=self._context(connection, frame, timeout),
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
                exc_info=error,
            )
            fault = fault_of(error, trace)
            return messages.refusal(frame.id, action.name, fault, self._clock())
        return messages.response(frame.id, action.name, data, self._clock())

    def _context(self, connection: Connection, frame: Frame, timeout: int) -> RequestContext:
        request_id = frame.id or self._new_id()
        return RequestContext(
            request_id=request_id,
            action=frame.action,
            tenant=connection.caller.tenant,
            owner=connection.caller.owner,
            attempt=1,
            idempotency_key=self._new_id(),
            deadline=self._clock() + timeout,
            metadata=frame.metadata,
        )

    def _refusal(self, error: Exception, frame: Frame | None, trace: str | None) -> Message:
        frame_id = error.request_id if isinstance(error, InvalidFrame) else None
        frame_id = frame.id if frame else frame_id
        return messages.error(frame_id, fault_of(error, trace), self._clock())

    def _internal_error(self, frame: Frame | None, trace: str | None) -> Message:
        fault = messages.fault(
            ErrorCode.INTERNAL_ERROR,
            "the service could not do this now; try again",
            retryable=True,
            retry_after=1_000,
            trace=trace,
        )
        return messages.error(frame.id if frame else None, fault, self._clock())

    def _end(self, connection: Connection, trace: str | None) -> None:
        fault = messages.fault(
            ErrorCode.UNAUTHORIZED,
            "the token has expired; connect with a new one",
            retryable=True,
            trace=trace,
        )
        expired: Any = messages.error(None, fault, self._clock())
        self._posts.send(connection.id, expired, trace)
        self._posts.close(connection.id)
