"""What a client says: one JSON text frame, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from cdk_streamer_runtime.contract import REQUEST_ID_PATTERN
from cdk_streamer_runtime.documents import DEPTH, decode, is_deep
from cdk_streamer_runtime.errors import InvalidFrame
from cdk_streamer_runtime.keys import is_request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message of a client. `payload` is whatever JSON it sent; an empty object if none.

    Members that this version does not know are ignored, so that a later client can talk to it.
    """

    action: str
    id: str | None = None
    payload: Any = None
    metadata: Mapping[str, Any]
    prefer: Literal["sync", "async"] | None = None
    webhook: str | None = None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The payload of a built-in action; raises InvalidFrame if it is no object."""
        payload: object = self.payload
        if isinstance(payload, dict):
            return cast("Mapping[str, Any]", payload)
        raise InvalidFrame(f"the payload of {self.action!r} must be an object", self.id)


def decode_frame(text: str) -> Frame:
    """Read a frame; raises InvalidFrame that says what is wrong with it."""
    members = decode_members(text)
    frame_id = members.get("id")
    if frame_id is not None and not is_request_id(frame_id):
        raise InvalidFrame(f"id must match {REQUEST_ID_PATTERN}")
    fault = _fault(members)
    if fault:
        raise InvalidFrame(fault, frame_id)
    return Frame(
        action=members["action"],
        id=frame_id,
        payload=members.get("payload", {}),
        metadata=members.get("metadata") or {},
        prefer=members.get("prefer"),
        webhook=members.get("webhook"),
    )


def decode_members(text: str) -> Mapping[str, Any]:
    """Read a JSON object; raises InvalidFrame for anything else, and for what is too deep."""
    try:
        document: object = decode(text)
        if is_deep(text):
            raise ValueError(f"it is nested deeper than {DEPTH} levels")  # noqa: TRY301
    except ValueError as error:
        raise InvalidFrame(f"the message is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidFrame("the message must be a JSON object")
    return cast("dict[str, Any]", document)


def _fault(members: Mapping[str, Any]) -> str | None:
    if not isinstance(members.get("action"), str):
        return "action must be a string"
    if not isinstance(members.get("metadata", {}), dict | None):
        return "metadata must be an object"
    if members.get("prefer") not in (None, "sync", "async"):  # a list has no hash
        return 'prefer must be "sync" or "async"'
    if not isinstance(members.get("webhook"), str | None):
        return "webhook must be a string"
    return None
