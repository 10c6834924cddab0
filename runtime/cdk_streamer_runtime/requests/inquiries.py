"""The built-in actions about requests, answered alike on a socket and over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cdk_streamer_runtime.contract import (
    CHUNK_BYTES,
    MESSAGE_BYTES,
    REQUEST_ID_PATTERN,
    BuiltinAction,
    ErrorCode,
    State,
)
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.errors import Rejection, RequestNotFound
from cdk_streamer_runtime.keys import is_request_id
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.chunks import PAGE_BYTES, ChunkStore
from cdk_streamer_runtime.requests.desk import Desk
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import Results
from cdk_streamer_runtime.requests.uploads import Uploads, is_media_type
from cdk_streamer_runtime.sockets.connections import Caller
from cdk_streamer_runtime.sockets.frames import Frame
from cdk_streamer_runtime.sockets.messages import Message

LARGEST_PAGE = 100
LONGEST_REASON = 256
_ENVELOPE = 2 * 1024  # what stands around a snapshot in its message

# Half of a surrogate pair is JSON, but no text that a table could hold.
_REASON = re.compile(rf"[^\ud800-\udfff]{{0,{LONGEST_REASON}}}")


class Inquiries:
    """Reads the arguments of a built-in action and gives the data of its response."""

    def __init__(
        self,
        *,
        desk: Desk | None,
        chunks: ChunkStore,
        clock: Callable[[], int],
        results: Results | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        """Take where requests and their parts are.

        Without a desk there are no requests; without `results` and `uploads` no bucket for them.
        """
        self._desk = desk
        self._chunks = chunks
        self._clock = clock
        self._results = results
        self._uploads = uploads

    def answer(self, caller: Caller, frame: Frame) -> Message:
        """Give the data of a response; raises Rejection, RequestNotFound, Conflict."""
        return self._answers[BuiltinAction(frame.action)](self, caller, frame)

    @property
    def desk(self) -> Desk:
        """Where requests are; raises RequestNotFound if there are none."""
        if self._desk is None:
            raise RequestNotFound("this API has channels only, no requests")
        return self._desk

    def snapshot(self, request: Request, after: int | None = None) -> Message:
        """Tell how a request stands, to its owner."""
        return news.snapshot(request, after, self._clock(), self._results)

    def _cancel(self, caller: Caller, frame: Frame) -> Message:
        reason = frame.arguments.get("reason")
        if reason is not None and not (isinstance(reason, str) and _REASON.fullmatch(reason)):
            raise invalid(frame, f"reason must be a string of at most {LONGEST_REASON} characters")
        request = self.desk.cancel(caller, request_id(frame), reason)
        return {"request_id": request.request_id, "state": request.state.value}

    def _get(self, caller: Caller, frame: Frame) -> Message:
        after = integer(frame, "after_seq", low=0)
        start = integer(frame, "chunks_from", low=0)
        request = self.desk.find(caller, request_id(frame))
        snapshot = self.snapshot(request, after)
        if start is not None:
            if "error" in snapshot and _room_beside(snapshot) < CHUNK_BYTES:
                # All that the author tells of the failure is in `get` without chunks.
                snapshot["error"] = {
                    name: value for name, value in snapshot["error"].items() if name != "details"
                }
            room = min(PAGE_BYTES, _room_beside(snapshot))
            snapshot["chunk_page"] = self._chunks.page(request, start, room)
        return snapshot

    def _input(self, caller: Caller, frame: Frame) -> Message:
        arguments = frame.arguments
        if "value" not in arguments:
            raise invalid(frame, "value must be what the request asks for")
        input_id = arguments.get("input_id")
        if input_id is not None and not isinstance(input_id, str):
            raise invalid(frame, "input_id must be the one of input_required, or left out")
        request = self.desk.answer(caller, request_id(frame), arguments["value"], input_id)
        return {"request_id": request.request_id, "state": request.state.value}

    def _list(self, caller: Caller, frame: Frame) -> Message:
        cursor = frame.arguments.get("cursor")
        try:
            page = self.desk.list(
                caller,
                state=_state(frame),
                limit=integer(frame, "limit", low=1, high=LARGEST_PAGE) or 20,
                cursor=cursor,
            )
        except (ValueError, TypeError):
            raise invalid(frame, "cursor is not one that `list` gave") from None
        data: dict[str, Any] = {"requests": [news.entry(item) for item in page.requests]}
        return data | ({"cursor": page.cursor} if page.cursor else {})

    def _upload(self, caller: Caller, frame: Frame) -> Message:
        if self._uploads is None:
            raise Rejection(ErrorCode.INVALID_ACTION, "this API takes no uploads")
        length = integer(frame, "size", low=0)
        if length is None:
            raise invalid(frame, "size must be how many bytes will be uploaded")
        kind = frame.arguments.get("type")
        if not is_media_type(kind):
            raise invalid(frame, 'type must be a media type like "text/csv"')
        return self._uploads.issue(caller, length, kind)

    _answers = {  # noqa: RUF012 - a table, never changed
        BuiltinAction.CANCEL: _cancel,
        BuiltinAction.GET: _get,
        BuiltinAction.INPUT: _input,
        BuiltinAction.LIST: _list,
        BuiltinAction.UPLOAD: _upload,
    }
    actions = frozenset(_answers)


def _room_beside(snapshot: Message) -> int:
    return MESSAGE_BYTES - _ENVELOPE - size(encode(snapshot))


def request_id(frame: Frame) -> str:
    """Give the id that a frame asks about; raises Rejection."""
    text = frame.arguments.get("request_id")
    if isinstance(text, str) and is_request_id(text):
        return text
    raise invalid(frame, f"request_id must match {REQUEST_ID_PATTERN}")


def integer(frame: Frame, name: str, low: int, high: int = 2**53) -> int | None:
    """Give a number among a frame's arguments, None if it is not there; raises Rejection."""
    value = frame.arguments.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON knows one kind of number, and 5.0 is 5
    if value is None or (type(value) is int and low <= value <= high):
        return value
    raise invalid(frame, f"{name} must be an integer from {low} to {high}")


def invalid(frame: Frame, text: str) -> Rejection:
    """Make the refusal of an argument."""
    return Rejection(ErrorCode.VALIDATION_ERROR, f"{frame.action}: {text}")


def _state(frame: Frame) -> State | None:
    state = frame.arguments.get("state")
    if state is None or (isinstance(state, str) and state in State.__members__):
        return None if state is None else State(state)
    raise invalid(frame, f"state must be one of {', '.join(State)}")
