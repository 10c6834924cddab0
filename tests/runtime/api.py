"""A whole API in memory whose functions can be watched, and killed between any two calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.dynamodb import unmarshal_item
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import (
    BUCKET,
    TABLE,
    CountedMetrics,
    MemoryApi,
)
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.memory.resources import Settings
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.worker import Platform
from cdk_streamer_runtime.sockets.connections import Caller, Connection
from tests.runtime.observed_aws import Killed, ObservedAws

DAY = 86_400
ANN = Caller(tenant="acme", owner="ann", expires=START // 1000 + DAY)
BOB = Caller(tenant="acme", owner="bob", expires=START // 1000 + DAY)
EVE = Caller(tenant="evil", owner="ann", expires=START // 1000 + DAY)


class ObservedApi(MemoryApi):
    """MemoryApi whose calls can be counted and disturbed; what was killed is delivered again."""

    def __init__(
        self,
        app: AsyncApp,
        *,
        lease: int = 60,
        worker_timeout: int = 900,
        platform: Platform | None = None,
        bucket: str | None = BUCKET,
    ) -> None:
        self.counted = CountedMetrics()
        super().__init__(app, lease=lease, metrics=self.counted)
        self.observed = ObservedAws(self.aws)
        assembly = Assembly(aws=self.observed, platform=platform or self.platform)
        self.build(
            assembly,
            app,
            Settings(
                queue_url=self.aws.queue_url,
                lease=lease,
                worker_timeout=worker_timeout,
                bucket=bucket,
            ),
        )

    def ask(self, connection: Connection, frame: Mapping[str, Any] | str) -> list[dict[str, Any]]:
        """Say something and give the answers alone."""
        before = len(self.messages(connection))
        self.hear(connection, frame)
        return self.messages(connection)[before:]

    def stored(self, caller: Caller, request_id: str) -> Request:
        """Give a request as the table has it."""
        key = request_key(caller.tenant, caller.owner, request_id)
        answer = self.aws.call(
            "dynamodb",
            "GetItem",
            {"TableName": TABLE.name, "Key": {"pk": {"S": key}, "sk": {"S": "request"}}},
        )
        return Request.from_item(unmarshal_item(answer["Item"]))

    def dispatch(self) -> bool:
        before = self._streamed
        try:
            return super().dispatch()
        except Killed:
            self._streamed = before  # a stream repeats what was not answered
            return True

    def work(self) -> bool:
        try:
            return super().work()
        except Killed:
            return True  # the message shows up again when its visibility ends

    def notify(self) -> bool:
        try:
            return super().notify()
        except Killed:
            return True

    def execute(self) -> bool:
        try:
            return super().execute()
        except Killed:
            return True  # what ended without a word is invoked again

    def watch(self) -> bool:
        try:
            return super().watch()
        except Killed:
            return True
