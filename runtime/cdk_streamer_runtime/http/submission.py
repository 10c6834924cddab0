"""`POST /requests`: an action is asked for, as by a frame on a socket."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import InvalidFrame, Rejection
from cdk_streamer_runtime.exchange import HttpResponse
from cdk_streamer_runtime.http.arguments import Preferences, Query, idempotency_key
from cdk_streamer_runtime.http.problems import problem
from cdk_streamer_runtime.http.refusals import Refusals
from cdk_streamer_runtime.http.snapshots import Snapshots, is_terminal
from cdk_streamer_runtime.http.visit import Visit
from cdk_streamer_runtime.reception import Accepted, Answer, Failed, Reception
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.sockets import messages
from cdk_streamer_runtime.sockets.frames import Frame, decode_frame


class Submissions:
    """Queues or runs what a body asks for."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        reception: Reception,
        refusals: Refusals,
        snapshots: Snapshots,
        clock: Callable[[], int],
    ) -> None:
        """Take who runs actions, and who tells how a request stands."""
        self._app = app
        self._reception = reception
        self._refusals = refusals
        self._snapshots = snapshots
        self._clock = clock

    def post(self, visit: Visit) -> HttpResponse:
        """Answer; raises Rejection for what is wrong beside the body."""
        Query.of(visit.request)
        wishes = Preferences.of(visit.request)
        frame = None
        try:
            frame = self._frame(visit, wishes)
            return self._take(visit, wishes, frame)
        except Exception as error:  # noqa: BLE001 - the refusal logs what no caller may read
            frame_id = error.request_id if isinstance(error, InvalidFrame) else None
            return self._refusals.tell(error, frame.id if frame else frame_id, visit.trace)

    def _take(self, visit: Visit, wishes: Preferences, frame: Frame) -> HttpResponse:
        outcome = self._reception.take(visit.caller, frame, visit.trace)
        match outcome:
            case Answer(data=data):
                message = messages.response(frame.id, frame.action, data, self._clock())
                return HttpResponse(status=HTTPStatus.OK, document=self._app.outgoing(message))
            case Failed(fault=fault):
                message = messages.refusal(frame.id, frame.action, fault, self._clock())
                return problem(self._app.outgoing(message)["error"], request_id=frame.id)
            case Accepted():
                return self._accepted(visit, wishes, outcome)

    def _frame(self, visit: Visit, wishes: Preferences) -> Frame:
        frame = decode_frame(visit.body(self._reception.weigh))
        key = idempotency_key(visit.request)
        if key is not None and frame.id not in {None, key}:
            raise Rejection(
                ErrorCode.VALIDATION_ERROR,
                "the body's id and Idempotency-Key differ; they are one thing, so send one",
            )
        prefer = frame.prefer or ("async" if wishes.respond_async else None)
        return dataclasses.replace(frame, id=key or frame.id, prefer=prefer)

    def _accepted(self, visit: Visit, wishes: Preferences, outcome: Accepted) -> HttpResponse:
        request = outcome.request
        is_known = outcome.created and not wishes.wait
        snapshot = (
            self._snapshots.new(request)
            if is_known
            else self._snapshots.of(visit, request.request_id, wait=wishes.wait or 0)
        )
        applied = ["respond-async"] if wishes.respond_async else []
        applied += [f"wait={wishes.wait}"] if wishes.wait is not None else []
        headers: Mapping[str, Any] = {
            # Relative to this very URL, so it is right below any stage and any domain's mapping.
            "location": f"requests/{request.request_id}",
            **({"preference-applied": ", ".join(applied)} if applied else {}),
        }
        status = HTTPStatus.OK if is_terminal(snapshot) else HTTPStatus.ACCEPTED
        return HttpResponse(status=status, document=snapshot, headers=headers)
