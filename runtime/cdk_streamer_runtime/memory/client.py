"""The client of a unit test: an app in memory, and what its caller would receive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.documents import decode
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
        api: MemoryApi | None = None,
    ) -> None:
        """Connect as `owner` of `tenant`, with these scopes, for ten years.

        `api` is another client's, so that both callers meet on it; default: an API of its own.
        """
        self.api = api or MemoryApi(app)
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

    def upload(self, data: bytes, type: str = "application/octet-stream") -> str:  # noqa: A002
        """Upload bytes as a client does, and give the id that a payload names them by."""
        ticket = self._ask("upload", {"size": len(data), "type": type})
        self.api.aws.objects.open(ticket["method"], ticket["url"], data, ticket["headers"])
        return ticket["upload_id"]

    def result(self, message: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the handler returned
        """Give the result that a `complete` or a snapshot carries, or fetch it from its address."""
        if "result_url" not in message:
            return message["result"]
        # A fresh address, as a client asks for one: a test's hour may have passed since.
        snapshot = self._ask("get", {"request_id": message["request_id"]})
        return decode(self.api.aws.objects.open("GET", snapshot["result_url"]))

    def chunks(self, request_id: str) -> list[Any]:
        """Give all that the latest attempt of a request has put out by `progress.chunk`."""
        data: list[Any] = []
        start: int | None = 0
        while start is not None:
            page = self._ask("get", {"request_id": request_id, "chunks_from": start})["chunk_page"]
            data += [chunk["data"] for chunk in page["chunks"]]
            start = page["next"]
        return data

    def _ask(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.send({"action": action, "payload": arguments})
        answer = self.messages[-1]
        if "data" not in answer:
            raise AssertionError(f"{action} was refused: {answer['error']}")
        return answer["data"]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.api.wait(int(seconds * 1000))

    def _cancel_after(self, name: str, count: int, before: int) -> None:
        def look() -> None:
            seen = [m for m in self.messages[before:] if m["type"] == "progress"]
            if len(seen) == count:
                self.send({"action": "cancel", "payload": {"request_id": name}})

        self.api.platform.on_report = look
