"""The protocol's own actions: what a client can ask of any API, whatever its app does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cdk_streamer_runtime.contract import (
    CONNECTION_SECONDS,
    REQUEST_ID_PATTERN,
    BuiltinAction,
    ErrorCode,
    State,
)
from cdk_streamer_runtime.errors import Rejection, RequestNotFound
from cdk_streamer_runtime.keys import is_channel_name, is_request_id
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.desk import Desk
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.channels import ChannelStore
from cdk_streamer_runtime.sockets.connections import Connection
from cdk_streamer_runtime.sockets.frames import Frame
from cdk_streamer_runtime.sockets.messages import Message

LARGEST_PAGE = 100
LONGEST_REASON = 256
RECONNECT_BEFORE = 120  # seconds; time enough to open the next connection first

# Half of a surrogate pair is JSON, but no text that a table could hold.
_REASON = re.compile(rf"[^\ud800-\udfff]{{0,{LONGEST_REASON}}}")


class Protocol:
    """Answers built-in actions. Without a desk there are channels, but no requests."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        channels: ChannelStore,
        desk: Desk | None,
        clock: Callable[[], int],
    ) -> None:
        """Take what is asked about."""
        self._app = app
        self._channels = channels
        self._desk = desk
        self._clock = clock

    def answer(self, connection: Connection, frame: Frame) -> list[Message]:
        """Give the messages that answer a frame; raises Rejection, RequestNotFound, Conflict."""
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
        after = _integer(frame, "after_seq", low=0)
        now = self._clock()
        if "channel" in frame.arguments:
            caller = connection.caller
            channel = self._channels.subscribe(
                caller.tenant, _channel(frame), connection.id, caller.expires, now
            )
            return [self._data(frame, channel.snapshot(after, now))]
        request = self._requests.subscribe(connection.caller, connection.id, _request_id(frame))
        return [self._data(frame, news.snapshot(request, after, now))]

    def _unsubscribe(self, connection: Connection, frame: Frame) -> list[Message]:
        caller = connection.caller
        if "channel" in frame.arguments:
            name = _channel(frame)
            self._channels.unsubscribe(caller.tenant, name, connection.id)
            return [self._data(frame, {"channel": name})]
        request_id = _request_id(frame)
        self._requests.unsubscribe(caller, connection.id, request_id)
        return [self._data(frame, {"request_id": request_id})]

    def _cancel(self, connection: Connection, frame: Frame) -> list[Message]:
        reason = frame.arguments.get("reason")
        if reason is not None and not (isinstance(reason, str) and _REASON.fullmatch(reason)):
            raise _invalid(frame, f"reason must be a string of at most {LONGEST_REASON} characters")
        request = self._requests.cancel(connection.caller, _request_id(frame), reason)
        data = {"request_id": request.request_id, "state": request.state.value}
        return [self._data(frame, data)]

    def _get(self, connection: Connection, frame: Frame) -> list[Message]:
        request = self._requests.find(connection.caller, _request_id(frame))
        return [self._data(frame, news.snapshot(request, None, self._clock()))]

    def _list(self, connection: Connection, frame: Frame) -> list[Message]:
        cursor = frame.arguments.get("cursor")
        try:
            page = self._requests.list(
                connection.caller,
                state=_state(frame),
                limit=_integer(frame, "limit", low=1, high=LARGEST_PAGE) or 20,
                cursor=cursor,
            )
        except (ValueError, TypeError):
            raise _invalid(frame, "cursor is not one that `list` gave") from None
        data: dict[str, Any] = {"requests": [news.entry(item) for item in page.requests]}
        return [self._data(frame, data | ({"cursor": page.cursor} if page.cursor else {}))]

    _answers = {  # noqa: RUF012 - a table, never changed
        BuiltinAction.HELLO: _hello,
        BuiltinAction.PING: _ping,
        BuiltinAction.SUBSCRIBE: _subscribe,
        BuiltinAction.UNSUBSCRIBE: _unsubscribe,
        BuiltinAction.CANCEL: _cancel,
        BuiltinAction.GET: _get,
        BuiltinAction.LIST: _list,
    }

    @property
    def _requests(self) -> Desk:
        if self._desk is None:
            raise RequestNotFound("this API has channels only, no requests")
        return self._desk

    def _data(self, frame: Frame, data: object) -> Message:
        return messages.response(frame.id, frame.action, data, self._clock())


def _request_id(frame: Frame) -> str:
    request_id = frame.arguments.get("request_id")
    if isinstance(request_id, str) and is_request_id(request_id):
        return request_id
    raise _invalid(frame, f"request_id must match {REQUEST_ID_PATTERN}")


def _channel(frame: Frame) -> str:
    name = frame.arguments["channel"]
    if is_channel_name(name):
        return name
    raise _invalid(frame, "channel must be a string of 1 to 256 printable characters")


def _state(frame: Frame) -> State | None:
    state = frame.arguments.get("state")
    if state is None or (isinstance(state, str) and state in State.__members__):
        return None if state is None else State(state)
    raise _invalid(frame, f"state must be one of {', '.join(State)}")


def _integer(frame: Frame, name: str, low: int, high: int = 2**53) -> int | None:
    value = frame.arguments.get(name)
    if value is None or (type(value) is int and low <= value <= high):
        return value
    raise _invalid(frame, f"{name} must be an integer from {low} to {high}")


def _invalid(frame: Frame, text: str) -> Rejection:
    return Rejection(ErrorCode.VALIDATION_ERROR, f"{frame.action}: {text}")
