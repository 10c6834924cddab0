"""The client of a unit test: an app in memory, and what its caller would receive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.memory.api import MemoryApi
from cdk_streamer_runtime.memory.http import HttpAnswer
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.memory.webhooks import Webhook
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.sockets.connections import Caller


class TestClient:
    """Runs an app in memory, as one caller: what is posted is what a client would receive.

    >>> client = TestClient(app)
    >>> [message["type"] for message in client.request("generate_report", {"month": "2024-05"})]
    ['acknowledgment', 'progress', 'complete']
    """

    __test__ = False  # not a test itself, whatever pytest thinks of its name

    def __init__(
        self,
        app: AsyncApp,
        *,
        tenant: str = "tenant",
        owner: str = "owner",
        scopes: tuple[str, ...] = (),
    ) -> None:
        """Connect as `owner` of `tenant`, with these scopes, for ten years."""
        self.api = MemoryApi(app)
        self._caller = Caller(
            tenant=tenant,
            owner=owner,
            expires=START // 1000 + 10 * 365 * 86_400,  # each request takes an hour of them
            scopes=frozenset(scopes),
        )
        self._connection = self.api.connect(self._caller)
        self._requests = 0

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages so far, in order."""
        return self.api.messages(self._connection)

    @property
    def webhooks(self) -> list[Webhook]:
        """All webhooks that were called so far, in order."""
        return self.api.receiver.webhooks

    def request(
        self,
        action: str,
        payload: object = None,
        *,
        id: str | None = None,
        cancel_after: int | None = None,
        patience: float = 3600,
    ) -> list[dict[str, Any]]:
        """Send a request, let `patience` seconds pass, and give the messages that came of it.

        Retries happen within that time. With `cancel_after` the client cancels once it has seen
        so many progress messages.
        """
        self._requests += 1
        name = id or f"request-{self._requests}"
        before = len(self.messages)
        if cancel_after is not None:
            self._cancel_after(name, cancel_after, before)
        self.send({"action": action, "id": name, "payload": {} if payload is None else payload})
        self.api.wait(int(patience * 1000))
        self.api.platform.on_report = lambda: None
        return self.messages[before:]

    def send(self, frame: Mapping[str, Any] | str) -> None:
        """Send one frame; what it starts happens in `wait` or with the next request."""
        self.api.hear(self._connection, frame)

    def http(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | str | None = None,
    ) -> HttpAnswer:
        """Ask over HTTP, as the same caller; `body` is sent as JSON unless it is str or bytes.

        >>> client.http("POST", "/requests", body={"action": "echo", "payload": 1}).document["data"]
        1
        """
        return self.api.http(self._caller, method, path, body=body, headers=headers, query=query)

    def answer(
        self, request_id: str, value: object, *, patience: float = 3600
    ) -> list[dict[str, Any]]:
        """Give a request the input that it waits for, and the messages that come of it."""
        before = len(self.messages)
        self.send({"action": "input", "payload": {"request_id": request_id, "value": value}})
        self.wait(patience)
        return self.messages[before:]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.api.wait(int(seconds * 1000))

    def _cancel_after(self, name: str, count: int, before: int) -> None:
        def look() -> None:
            seen = [m for m in self.messages[before:] if m["type"] == "progress"]
            if len(seen) == count:
                self.send({"action": "cancel", "payload": {"request_id": name}})

        self.api.platform.on_report = look
