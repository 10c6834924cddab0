"""What a million of each costs: calls counted in memory, times AWS's list prices.

python -m benchmarks.costs

Counted are the units that AWS bills, from the calls that the runtime makes: sizes of items and of
messages, transactions twice, the listing index, what Lambda's pollers receive and delete. Assumed
are the milliseconds that functions of ours take (MILLISECONDS); a handler's own come on top.
"""

from __future__ import annotations

import collections
import logging
import math
from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime import AsyncApp, Progress, contract
from cdk_streamer_runtime.aws import NO_HEADERS
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE, WATCH, WORK, MemoryApi
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.memory.values import Item, size_of_item
from cdk_streamer_runtime.sockets.connections import Caller

# Dollars a million in us-east-1, first tier, without the free ones, as published in November 2026:
# the pages pricing of API Gateway, DynamoDB (on demand), SQS, Lambda (arm64) and S3.
PRICES = {
    "WebSocket message": 1.00,  # of 32 KB each
    "connection minute": 0.25,
    "HTTP request": 1.00,
    "write unit": 0.625,  # of 1 KB
    "read unit": 0.125,  # of 4 KB, strongly consistent
    "queue request": 0.40,  # of 64 KB
    "invocation": 0.20,
    "GB-second": 13.3334,
}
MILLISECONDS = {"message": 15, "dispatcher": 20, "worker": 40, "watcher": 15}
GIGABYTES = {"message": 0.5, "dispatcher": 0.25, "worker": 0.5, "watcher": 0.25}
TICKS = 10
CALLER = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)

Bill = collections.Counter[str]


class Meter:
    """Passes calls on, and writes down what AWS would bill for them."""

    def __init__(self, aws: MemoryAws) -> None:
        self.bill: Bill = collections.Counter()
        self._aws = aws

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Bill a call by what it wrote or read."""
        before = self._items()
        answer = self._aws.call(service, operation, parameters)
        if service == "sqs":
            self.bill["queue request"] += _requests(operation, parameters, answer)
        elif operation in {"GetItem", "Query"}:
            read = answer.get("Items") or [answer.get("Item", {})]
            units = max(math.ceil(sum(map(size_of_item, read)) / 4096), 1)
            self.bill["read unit"] += units if parameters.get("ConsistentRead") else units / 2
        else:
            factor = 2 if operation == "TransactWriteItems" else 1
            self.bill["write unit"] += _written(before, self._items(), factor)
        return answer

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Bill a post by its size."""
        self.bill["WebSocket message"] += math.ceil(len(body) / contract.FRAME_BYTES)
        return self._aws.rest(service, method, url, body=body, headers=headers)

    def _items(self) -> dict[str, Item]:
        return {item["pk"]["S"] + item["sk"]["S"]: item for item in self._aws.items(TABLE.name)}


def _requests(operation: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> int:
    if operation == "ReceiveMessage":
        return len(answer.get("Messages", []))  # an empty one is the poller's, see `idle`
    entries = parameters.get("Entries", [parameters])
    size = sum(len(str(entry.get("MessageBody", ""))) for entry in entries)
    return max(math.ceil(size / 65_536), 1)


def _written(before: Mapping[str, Item], after: Mapping[str, Item], factor: int) -> int:
    """Bill every item that changed by its larger size, and the index where it shows."""
    units = 0
    for key in before.keys() | after.keys():
        old, new = before.get(key, {}), after.get(key, {})
        if old != new:
            size = max(size_of_item(old), size_of_item(new))
            units += factor * math.ceil(size / 1024)
            units += factor * (_listed(old) != _listed(new))
    return max(units, 1)


def _listed(item: Item) -> Item:
    names = {contract.OWNER_INDEX_SORT_KEY, *contract.OWNER_INDEX_PROJECTION}
    return {name: value for name, value in item.items() if name in names}


def app() -> AsyncApp:
    """Register what is asked for."""
    app = AsyncApp()

    @app.action("echo")
    def echo(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @app.action("quiet", mode="async")
    def quiet(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @app.action("chatty", mode="async")
    def chatty(progress: Progress) -> None:
        for step in range(TICKS):
            progress.report(step * 10, "working")

    return app


def bill_of(action: str) -> Bill:
    """Bill one call of an action over an open socket, to the end of its watch."""
    meters: list[Meter] = []

    def through(aws: MemoryAws) -> Meter:
        meters.append(Meter(aws))
        return meters[0]

    api = MemoryApi(app(), through=through)
    bill = meters[0].bill
    api.hear(api.connect(CALLER), {"action": action, "id": "one", "payload": {"text": "x" * 200}})
    bill["WebSocket message"] += 1
    _invoked(bill, "message")
    steps = {"dispatcher": api.dispatch, "worker": api.work, "watcher": api.watch}
    while True:
        waiting = _waiting(api)
        ran = next((name for name, step in steps.items() if step()), None)
        if ran == "dispatcher" and _waiting(api) == waiting:
            continue  # a change, which the event source's filter keeps from it
        if ran is not None:
            _invoked(bill, ran)
            # The poller received a message, and deleted what was done with.
            bill["queue request"] += ran != "dispatcher"
            bill["queue request"] += max(waiting - _waiting(api), 0)
        elif waiting:
            api.platform.now += 1_000
        else:
            return bill


def _waiting(api: MemoryApi) -> int:
    return len(api.aws.messages(WORK.name)) + len(api.aws.messages(WATCH.name))


def _invoked(bill: Bill, function: str) -> None:
    bill["invocation"] += 1
    bill["GB-second"] += MILLISECONDS[function] / 1000 * GIGABYTES[function]


def idle() -> Bill:
    """Bill a month in which nobody comes: Lambda's pollers ask the three queues all the time.

    Two of them a queue, each for 20 seconds.
    """
    return Bill({"queue request": 3 * 2 * 30 * 24 * 60 * 60 // 20})


def dollars(bill: Bill) -> float:
    """Give what a million of it costs."""
    return sum(PRICES[meter] * quantity for meter, quantity in bill.items())


def main() -> None:
    """Print what a million of each costs, and of what."""
    logging.disable(logging.CRITICAL)
    quiet, chatty = bill_of("quiet"), bill_of("chatty")
    tick = Bill({meter: (chatty[meter] - quiet[meter]) / TICKS for meter in chatty})
    rows = {
        "sync action": bill_of("echo"),
        "async request without progress": quiet,
        "progress message to one subscriber": tick,
        "hour of a connection with its pings": Bill(
            {"connection minute": 60, "WebSocket message": 24, "invocation": 12, "GB-second": 0.09}
        ),
    }
    print(f"{'a million of':<40} {'dollars':>8}  of")
    for name, bill in rows.items():
        parts = ", ".join(
            f"{quantity:g} {meter}"
            for meter, quantity in bill.items()
            if abs(quantity) > 1e-9  # noqa: PLR2004
        )
        print(f"{name:<40} {dollars(bill):>8.2f}  {parts}")
    print(
        f"\n{'a month in which nobody comes':<40} {dollars(idle()) / 1e6:>8.2f}  pollers of queues"
    )


if __name__ == "__main__":
    main()
