"""What one unit of work costs: AWS calls counted, and our own CPU with every call stubbed.

python -m benchmarks.requests
"""

from __future__ import annotations

import collections
import json
import logging
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks._passing import Passing
from cdk_streamer_runtime import AsyncApp, Progress, contract
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, CountedMetrics, MemoryApi
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.connections import Caller, Connection

ROUNDS = 2_000
CALLER = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)


def app() -> AsyncApp:
    """Register what is measured."""
    app = AsyncApp()

    @app.action("echo")
    def echo(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @app.action("quiet", mode="async")
    def quiet(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @app.action("chatty", mode="async")
    def chatty(progress: Progress) -> None:
        for step in range(10):
            progress.report(step * 10, "working")

    return app


APP = app()


class Counting(Passing):
    """Counts calls by service and operation."""

    def __init__(self, aws: MemoryAws) -> None:
        super().__init__(aws)
        self.calls: collections.Counter[str] = collections.Counter()

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Count and pass on."""
        self.calls[f"{service} {operation}"] += 1
        return super().call(service, operation, parameters)

    def rest(self, service: str, method: str, url: str, **rest: Any) -> bytes:  # noqa: ANN401 - passed on
        """Count and pass on."""
        self.calls[f"{service} {method}"] += 1
        return super().rest(service, method, url, **rest)


class Stub(Passing):
    """Answers every call at once, with an item as it would be."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__(MemoryAws())
        self._answer = {"Attributes": item, "Item": item}

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        """Do nothing."""
        del service, operation, parameters
        return dict(self._answer)

    def rest(self, service: str, method: str, url: str, **rest: object) -> bytes:
        """Do nothing."""
        del service, method, url, rest
        return b""


def calls_of(action: str) -> collections.Counter[str]:
    """Count the AWS calls of one whole request, from its frame to the end of its watch."""
    counted: list[Counting] = []

    def through(aws: MemoryAws) -> Counting:
        counted.append(Counting(aws))
        return counted[0]

    api = MemoryApi(app(), through=through)
    api.hear(api.connect(CALLER), {"action": action, "id": "one", "payload": {}})
    api.wait(3_600_000)
    return counted[0].calls


def cpu_of(frame: Mapping[str, Any]) -> float:
    """Give the median microseconds of CPU that one frame takes."""
    api = MemoryApi(app())
    connection = api.connect(CALLER)
    api.hear(connection, {"action": "quiet", "id": "one", "payload": {}})
    item = next(item for item in api.aws.items(TABLE.name) if item["sk"]["S"] == "request")
    conversation = Assembly(aws=Stub(item), platform=Machine()).conversation(
        contract.MessageEnvironment(
            name="api", table_name=TABLE.name, endpoint=ENDPOINT, requests=True
        ),
        app(),
        CountedMetrics(),
    )
    lasting = Connection(
        id="one",
        caller=Caller(tenant="acme", owner="alice", expires=2_000_000_000),
        connected_at=0,
    )
    text = json.dumps(frame)
    return _median(lambda: conversation.hear(lasting, text, None))


def _median(act: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        act()
        times.append((time.process_time_ns() - began) / 1_000)
    return statistics.median(times)


def main() -> None:
    """Print both tables."""
    logging.disable(logging.CRITICAL)
    print(f"{'unit of work':<44} {'DynamoDB':>9} {'SQS':>5} {'posts':>6}")
    quiet, chatty = calls_of("quiet"), calls_of("chatty")
    tick = collections.Counter({name: chatty[name] - quiet[name] for name in chatty})
    for name, calls, units in (
        ("async request without progress", quiet, 1),
        ("progress tick with one subscriber", tick, 10),
    ):
        row = [
            sum(count for call, count in calls.items() if call.startswith(service)) / units
            for service in ("dynamodb", "sqs Send", "execute-api")
        ]
        print(f"{name:<44} {row[0]:>9.1f} {row[1]:>5.1f} {row[2]:>6.1f}")
    print()
    print(f"{'our CPU a frame, every AWS call stubbed':<44} {'microseconds':>15}")
    for name, frame in (
        ("ping", {"action": "ping"}),
        ("sync echo", {"action": "echo", "id": "one", "payload": {"text": "hello"}}),
        ("async request accepted", {"action": "quiet", "id": "two", "payload": {"text": "hello"}}),
        ("subscribe", {"action": "subscribe", "payload": {"request_id": "one"}}),
        ("get", {"action": "get", "payload": {"request_id": "one"}}),
    ):
        print(f"{name:<44} {cpu_of(frame):>15.0f}")


if __name__ == "__main__":
    main()
