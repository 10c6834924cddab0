"""Answers what a client says on its connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cdk_streamer_runtime.contract import BuiltinAction, ErrorCode
from cdk_streamer_runtime.errors import InvalidFrame
from cdk_streamer_runtime.protocol import Protocol
from cdk_streamer_runtime.reception import Accepted, Answer, Failed, Reception
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.inquiries import Inquiries
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.connections import Connection
from cdk_streamer_runtime.sockets.frames import Frame, decode_frame
from cdk_streamer_runtime.sockets.messages import Message
from cdk_streamer_runtime.sockets.posts import Delivery, Posts

# An `error` would end a request that is accepted; who hears nothing asks for it again.
_STORED = frozenset({"acknowledgment", "snapshot"})


class Conversation:
    """Takes one frame at a time and posts its answer."""

    def __init__(
        self,
        *,
        protocol: Protocol,
        reception: Reception,
        inquiries: Inquiries,
        posts: Posts,
        clock: Callable[[], int],
    ) -> None:
        """Take who answers: `protocol` for built-in actions, `reception` for the app's own."""
        self._protocol = protocol
        self._reception = reception
        self._inquiries = inquiries
        self._posts = posts
        self._clock = clock

    def hear(self, connection: Connection, text: str, trace: str | None) -> None:
        """Answer one frame; whatever is wrong with it, the client gets an `error`."""
        if connection.caller.expires * 1000 <= self._clock():
            self._end(connection, trace)
            return
        frame = None
        try:
            frame = decode_frame(text)
            self._reception.weigh(text)
            answers = self._answers(connection, frame, trace)
        except Exception as error:  # noqa: BLE001 - the refusal logs what no client may read
            answers = [self._refusal(error, frame, trace)]
        for answer in answers:
            sent = self._posts.send(connection.id, answer, trace)
            if sent is Delivery.REFUSED and answer["type"] not in _STORED:
                self._posts.send_plain(connection.id, self._unsent(frame, trace), trace)

    def _answers(self, connection: Connection, frame: Frame, trace: str | None) -> list[Message]:
        if frame.action in set(BuiltinAction):
            return self._protocol.answer(connection, frame)
        now = self._clock
        match self._reception.take(connection.caller, frame, trace, connection.id):
            case Answer(data=data):
                return [messages.response(frame.id, frame.action, data, now())]
            case Failed(fault=fault):
                return [messages.refusal(frame.id, frame.action, fault, now())]
            case Accepted(request=request, created=created):
                accepted = news.acknowledgment(request, now())
                # Who asks twice has missed what was said in between.
                return [accepted] if created else [accepted, self._inquiries.snapshot(request)]

    def _refusal(self, error: Exception, frame: Frame | None, trace: str | None) -> Message:
        frame_id = error.request_id if isinstance(error, InvalidFrame) else None
        frame_id = frame.id if frame else frame_id
        return messages.error(frame_id, self._reception.refusal(error, trace), self._clock())

    def _unsent(self, frame: Frame | None, trace: str | None) -> Message:
        """Tell that there is an answer which cannot be sent: no other would ever come."""
        fault = messages.fault(
            ErrorCode.INTERNAL_ERROR, "the answer could not be sent", trace=trace
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
