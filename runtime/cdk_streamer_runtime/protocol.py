"""The protocol's own actions: what a client can ask of any API, whatever its app does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cdk_streamer_runtime.contract import CONNECTION_SECONDS, BuiltinAction
from cdk_streamer_runtime.keys import is_channel_name
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.inquiries import Inquiries, integer, invalid, request_id
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.channels import ChannelStore
from cdk_streamer_runtime.sockets.connections import Connection
from cdk_streamer_runtime.sockets.frames import Frame
from cdk_streamer_runtime.sockets.messages import Message
from cdk_streamer_runtime.sockets.posts import Posts
from cdk_streamer_runtime.sockets.subscribers import with_room

T = TypeVar("T")

RECONNECT_BEFORE = 120  # seconds; time enough to open the next connection first


class Protocol:
    """Answers built-in actions: those about the connection itself, the rest by `inquiries`."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        channels: ChannelStore,
        inquiries: Inquiries,
        posts: Posts,
        clock: Callable[[], int],
    ) -> None:
        """Take what is asked about."""
        self._app = app
        self._channels = channels
        self._inquiries = inquiries
        self._posts = posts
        self._clock = clock

    def answer(self, connection: Connection, frame: Frame) -> list[Message]:
        """Give the messages that answer a frame; raises Rejection, RequestNotFound, Conflict."""
        if frame.action in Inquiries.actions:
            return [self._data(frame, self._inquiries.answer(connection.caller, frame))]
        return self._answers[BuiltinAction(frame.action)](self, connection, frame)

    def _hello(self, connection: Connection, frame: Frame) -> list[Message]:
        actions = self._app.describe() if frame.arguments.get("actions") else None
        hello = messages.hello(connection.id, connection.caller.expires, self._clock(), actions)
        hello["limits"]["message_bytes"] = self._app.max_message_bytes
        return [hello]

    def _ping(self, connection: Connection, frame: Frame) -> list[Message]:
        now = self._clock()
        pong = messages.pong(frame.id, now)
        reason, left = connection.time_left(now, CONNECTION_SECONDS)
        if left > RECONNECT_BEFORE:
            return [pong]
        return [pong, messages.reconnect_soon(reason, max(left, 0), now)]

    def _subscribe(self, connection: Connection, frame: Frame) -> list[Message]:
        after = integer(frame, "after_seq", low=0)
        now = self._clock()
        if "channel" in frame.arguments:
            caller, name = connection.caller, _channel(frame)
            self._app.admit_to_channel(caller, name)
            channel = self._in_room(
                lambda gone: self._channels.subscribe(
                    caller.tenant, name, connection.id, caller.expires, now, gone=gone
                )
            )
            return [self._data(frame, channel.snapshot(after, now))]
        desk, name = self._inquiries.desk, request_id(frame)
        request = self._in_room(
            lambda gone: desk.subscribe(connection.caller, connection.id, name, gone)
        )
        return [self._data(frame, self._inquiries.snapshot(request, after))]

    def _unsubscribe(self, connection: Connection, frame: Frame) -> list[Message]:
        caller = connection.caller
        if "channel" in frame.arguments:
            name = _channel(frame)
            self._channels.unsubscribe(caller.tenant, name, connection.id)
            return [self._data(frame, {"channel": name})]
        desk, name = self._inquiries.desk, request_id(frame)
        desk.unsubscribe(caller, connection.id, name)
        return [self._data(frame, {"request_id": name})]

    _answers = {  # noqa: RUF012 - a table, never changed
        BuiltinAction.HELLO: _hello,
        BuiltinAction.PING: _ping,
        BuiltinAction.SUBSCRIBE: _subscribe,
        BuiltinAction.UNSUBSCRIBE: _unsubscribe,
    }

    def _in_room(self, subscribe: Callable[[frozenset[str]], T]) -> T:
        return with_room(subscribe, self._posts, self._clock)

    def _data(self, frame: Frame, data: object) -> Message:
        return messages.response(frame.id, frame.action, data, self._clock())


def _channel(frame: Frame) -> str:
    name = frame.arguments["channel"]
    if is_channel_name(name):
        return name
    raise invalid(frame, "channel must be a string of 1 to 256 printable characters")
