"""How a request stands, for callers who ask again or wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.contract import BuiltinAction, State
from cdk_streamer_runtime.http.visit import Visit
from cdk_streamer_runtime.http.waiting import Waiting
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.inquiries import Inquiries
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import TERMINAL
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.frames import Frame
from cdk_streamer_runtime.sockets.messages import Message


class Snapshots:
    """Gives snapshots as `get` gives them on a socket, at once or when there is something new."""

    def __init__(self, *, app: AsyncApp, inquiries: Inquiries, waiting: Waiting) -> None:
        """Take who is asked, and how one waits."""
        self._app = app
        self._inquiries = inquiries
        self._waiting = waiting

    def of(
        self, visit: Visit, request_id: str, *, wait: int = 0, after: int | None = None
    ) -> Mapping[str, Any]:
        """Give a snapshot, `wait` seconds later at most.

        With `after` it is enough that something was said after that number, else only an end or
        a question is; raises RequestNotFound.
        """
        frame = get(request_id, after_seq=after)
        if not wait:
            return self.answer(visit, frame)

        def is_enough(snapshot: Mapping[str, Any]) -> bool:
            is_new = after is not None and snapshot["seq"] > after
            return is_new or is_terminal(snapshot) or snapshot["state"] == State.INPUT_REQUIRED

        snapshot = self._waiting.until(
            lambda: self._inquiries.answer(visit.caller, frame),
            is_enough,
            wait=wait * 1000,
            remaining=visit.remaining,
        )
        return self._told(frame, snapshot)

    def new(self, request: Request) -> Mapping[str, Any]:
        """Give the snapshot of a request that was accepted just now."""
        return self._told(get(request.request_id), self._inquiries.snapshot(request))

    def answer(self, visit: Visit, frame: Frame) -> Mapping[str, Any]:
        """Give the data that answers a built-in action, as a socket would get it."""
        return self._told(frame, self._inquiries.answer(visit.caller, frame))

    def _told(self, frame: Frame, data: Message) -> Mapping[str, Any]:
        # Through the author's middleware in the message that a socket gets.
        message = messages.response(frame.id, frame.action, data, self._waiting.clock())
        return self._app.outgoing(message)["data"]


def get(request_id: str, **arguments: int | None) -> Frame:
    """Make the frame that asks for a snapshot."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return inquiry(BuiltinAction.GET, {"request_id": request_id, **given})


def inquiry(action: str, arguments: Mapping[str, Any]) -> Frame:
    """Make the frame that asks a built-in action."""
    return Frame(action=action, payload=dict(arguments), metadata={})


def is_terminal(snapshot: Mapping[str, Any]) -> bool:
    """Tell whether nothing will change any more."""
    return snapshot["state"] in TERMINAL
