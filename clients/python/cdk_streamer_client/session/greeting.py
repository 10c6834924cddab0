"""What the service says of itself in `hello`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_client.wire import read_moment, read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """`token_left` is how many milliseconds the connection's token has left.

    `modes` tells how each action runs: "sync", "async" or "either"; None when nobody asked.
    """

    heartbeat_seconds: float | None
    token_left: int | None
    modes: Mapping[str, str] | None


def read_greeting(document: Mapping[str, Any]) -> Greeting:
    """Read a `hello`; raises Malformed."""
    token_left = None
    if "expires_at" in document and "timestamp" in document:
        # Both are the server's: so the difference is right whatever this machine's clock says.
        life = read_moment(document, "expires_at") - read_moment(document, "timestamp")
        token_left = int(life.total_seconds() * 1000)
    return Greeting(
        heartbeat_seconds=read_number(document, "heartbeat_seconds"),
        token_left=token_left,
        modes=_modes(document.get("actions")),
    )


def _modes(actions: object) -> Mapping[str, str] | None:
    if not isinstance(actions, list):
        return None
    entries = [
        cast("Mapping[str, Any]", entry)
        for entry in cast("list[object]", actions)
        if isinstance(entry, dict)
    ]
    return {str(entry.get("name")): str(entry.get("mode")) for entry in entries}
