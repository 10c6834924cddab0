"""One HTTP request of one caller, on its way through the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract import REQUEST_ID_PATTERN, ErrorCode
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.http.arguments import check_json
from cdk_streamer_runtime.http.exchange import HttpRequest
from cdk_streamer_runtime.keys import is_request_id
from cdk_streamer_runtime.sockets.connections import Caller
from cdk_streamer_runtime.sockets.frames import decode_members


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who asks for what; `remaining` tells how many milliseconds the function has left."""

    caller: Caller
    request: HttpRequest
    trace: str | None
    remaining: Callable[[], int]

    @property
    def request_id(self) -> str:
        """The id in the path; raises Rejection for what can be none."""
        text = self.request.path.get("request_id", "")
        if is_request_id(text):
            return text
        raise Rejection(ErrorCode.VALIDATION_ERROR, f"request_id must match {REQUEST_ID_PATTERN}")

    def body(self, weigh: Callable[[str], None]) -> str:
        """Give the body; raises Rejection unless it is JSON that `weigh` lets pass."""
        text = self.request.text
        weigh(text)
        check_json(self.request)
        return text

    def members(self, weigh: Callable[[str], None]) -> Mapping[str, Any]:
        """Give the members of the body's object; raises Rejection."""
        return decode_members(self.body(weigh))
