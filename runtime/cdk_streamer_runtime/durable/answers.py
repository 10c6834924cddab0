"""Takes the input that a handler waits for, once, and passes it on to the handler's execution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from cdk_streamer_runtime.contract import ErrorCode, State
from cdk_streamer_runtime.documents import encode, fingerprint
from cdk_streamer_runtime.durable.executions import Executions
from cdk_streamer_runtime.durable.schema import faults_of
from cdk_streamer_runtime.errors import Conflict, Rejection, RequestChanged
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event


class Answers:
    """Stores an answer and then sends it: what a crash leaves unsent, the watcher sends."""

    def __init__(
        self, *, store: RequestStore, executions: Executions, clock: Callable[[], int]
    ) -> None:
        """Take where requests are and where their executions are."""
        self._store = store
        self._executions = executions
        self._clock = clock

    def give(self, request: Request, value: object, input_id: str | None) -> Request:
        """Give an answer; the same one once more changes nothing.

        Raises Rejection when it does not fit, Conflict when the request does not wait for it.
        """
        while True:
            if _was_given(request, value, input_id):
                # Lambda refuses what got through before as it refuses what comes too late.
                with suppress(Conflict):
                    self.pass_on(request)
                return request
            asked = request.input or {}
            if request.state is not State.INPUT_REQUIRED:
                raise Conflict(f"the request is {request.state} and waits for no input")
            if input_id is not None and input_id != asked["input_id"]:
                raise Conflict(
                    f"the request waits for input {asked['input_id']!r}, not {input_id!r}"
                )
            _refuse_unfit(value, asked["schema"])
            try:
                request = self._store.transition(
                    request,
                    Event.ANSWER,
                    self._clock(),
                    messages=0,
                    changes=_changes(asked, value),
                    exact=True,
                )
            except RequestChanged as changed:
                request = changed.request
                continue
            self.pass_on(request)
            return request

    def pass_on(self, request: Request) -> None:
        """Send the answer that a request holds, if any; sent twice, it is one."""
        if request.answer is not None and not request.is_terminal:
            self._executions.answer(request.answer["callback_id"], encode(request.answer["value"]))


def _was_given(request: Request, value: object, input_id: str | None) -> bool:
    given, _, digest = (request.answered or "").partition(" ")
    if digest != fingerprint(value):
        return False
    # Without its id, an answer to what is asked now could look like the one before.
    return input_id == given or (input_id is None and request.state is not State.INPUT_REQUIRED)


def _refuse_unfit(value: object, schema: dict[str, Any]) -> None:
    faults = faults_of(value, schema)
    if faults:
        details = [{"path": fault.path, "message": fault.message} for fault in faults]
        text = "the value does not fit what the request asks for"
        raise Rejection(ErrorCode.VALIDATION_ERROR, text, details=details)


def _changes(asked: Mapping[str, Any], value: object) -> dict[str, Any]:
    input_id = asked["input_id"]
    answer = {"input_id": input_id, "callback_id": asked["callback_id"], "value": value}
    return {"answer": encode(answer), "answered": f"{input_id} {fingerprint(value)}"}
