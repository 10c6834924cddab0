"""A durable action in memory, and what a test sees of its life."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.sockets.connections import Caller
from tests.runtime.api import ObservedApi
from tests.runtime.wire import faults

KEY = request_key("acme", "ann", "r1")
SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR
ANN = Caller(tenant="acme", owner="ann", expires=START // 1000 + 400 * 86_400)
Body = Callable[[Any, Progress, RequestContext], Any]


class Life:
    """One request of one durable action; `done` is what its steps really did, in order."""

    def __init__(
        self, body: Callable[[Life, Progress, RequestContext], Any], **options: Any
    ) -> None:
        self.done: list[str] = []
        self.begun: list[int] = []
        app = AsyncApp()

        def job(payload: Any, progress: Progress, context: RequestContext) -> Any:
            del payload
            self.begun.append(context.attempt)
            return body(self, progress, context)

        options = {"timeout": 30 * 86_400, "retry": Retry(max_attempts=3, on=()), **options}
        app.action("job", mode="async", executor="durable", **options)(job)
        self.api = ObservedApi(app)
        self.ann = self.api.connect(ANN)

    def submit(self) -> Life:
        self.api.hear(self.ann, {"action": "job", "id": "r1", "payload": {}})
        return self

    def do(self, name: str, value: Any = None) -> Callable[[], Any]:
        """Give the function of a step."""

        def act() -> Any:
            self.done.append(name)
            return value

        return act

    def wait(self, milliseconds: int) -> Life:
        self.api.wait(milliseconds)
        return self

    def ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Ask for a built-in action and give its answer."""
        payload = {"request_id": "r1", **arguments}
        asker = self.api.connect(ANN)
        return self.api.ask(asker, {"action": action, "id": "q", "payload": payload})[0]

    def forget_watches(self) -> bool:
        """Let the watch queue forget what is due, as when messages were dead-lettered."""
        queue = {"QueueUrl": self.api.aws.queue_url("watch")}
        while found := self.api.aws.call("sqs", "ReceiveMessage", queue):
            for message in found["Messages"]:
                receipt = {"ReceiptHandle": message["ReceiptHandle"]}
                self.api.aws.call("sqs", "DeleteMessage", queue | receipt)
        return False

    @property
    def request(self) -> Request:
        return self.api.stored(ANN, "r1")

    @property
    def messages(self) -> list[dict[str, Any]]:
        told = self.api.messages(self.ann)
        assert [fault for message in told for fault in faults(message)] == []
        return told

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def executions(self) -> list[dict[str, Any]]:
        path = "/2025-12-01/functions/f/durable-executions"

        return json.loads(self.api.aws.rest("lambda", "GET", path))["DurableExecutions"]
