"""The receiver of webhooks in a test: what it got, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.webhooks.sender import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One request to a caller's own server; header names are in lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body, read as JSON."""
        return decode(self.body)


class MemoryReceiver:
    """A `webhooks.sender.Sender` that keeps what it is given; `answer` decides what comes back."""

    def __init__(self) -> None:
        self.webhooks: list[Webhook] = []
        self.answer: Callable[[Webhook], Reply] = lambda _: Reply(204, None)

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Keep a request, and answer it; raises whatever `answer` raises."""
        webhook = Webhook(url=url, headers=dict(headers), body=body)
        self.webhooks.append(webhook)
        return self.answer(webhook)
