"""What AWS bills for calls that were counted in memory, times its list prices."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from benchmarks._passing import Passing
from cdk_streamer_runtime import contract
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.values import Item, size_of_item

# Dollars a million in us-east-1, first tier, without the free ones, as published in 2026:
# the pages pricing of API Gateway, EventBridge, DynamoDB (on demand), SQS, Lambda (arm64, durable
# functions) and S3.
PRICES = {
    "WebSocket message": 1.00,  # of 32 KB each
    "connection minute": 0.25,
    "HTTP request": 1.00,
    "REST request": 3.50,
    "scheduled invocation": 1.00,
    "write unit": 0.625,  # of 1 KB
    "read unit": 0.125,  # of 4 KB, strongly consistent
    "queue request": 0.40,  # of 64 KB
    "invocation": 0.20,
    "GB-second": 13.3334,
    "durable operation": 8.00,
    "S3 PUT": 5.00,
    "S3 GET": 0.40,
}
_READS = {"GetItem", "Query"}


class Bill(dict[str, float]):
    """How much of what; nothing of all else."""

    def __missing__(self, meter: str) -> float:
        """Give zero."""
        return 0


class Meter(Passing):
    """Passes calls on, and writes down what AWS would bill for them."""

    def __init__(self, aws: MemoryAws, table: str, listed: Collection[str]) -> None:
        """Take the table, and which attributes its index has."""
        super().__init__(aws)
        self.bill = Bill()
        self._table = table
        self._names = listed

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Bill a call by what it wrote or read."""
        if service == "sqs":
            answer = super().call(service, operation, parameters)
            self.bill["queue request"] += _requests(operation, parameters, answer)
        elif operation in _READS:
            answer = super().call(service, operation, parameters)
            read = answer.get("Items") or [answer.get("Item", {})]
            units = max(math.ceil(sum(map(size_of_item, read)) / 4096), 1)
            self.bill["read unit"] += units if parameters.get("ConsistentRead") else units / 2
        else:
            before = self._items()
            answer = super().call(service, operation, parameters)
            factor = 2 if operation == "TransactWriteItems" else 1
            self.bill["write unit"] += self._written(before, self._items(), factor)
        return answer

    def rest(self, service: str, method: str, url: str, **rest: Any) -> bytes:  # noqa: ANN401 - passed on
        """Bill a post by its size, and an object by itself."""
        if service == "s3":
            self.bill[f"S3 {method}"] += 1
        else:
            self.bill["WebSocket message"] += math.ceil(len(rest["body"]) / contract.FRAME_BYTES)
        return super().rest(service, method, url, **rest)

    def _items(self) -> dict[str, Item]:
        return {item["pk"]["S"] + item["sk"]["S"]: item for item in self.aws.items(self._table)}

    def _written(self, before: Mapping[str, Item], after: Mapping[str, Item], factor: int) -> int:
        """Bill every item that changed by its larger size, and the index where it shows."""
        units = 0
        for key in before.keys() | after.keys():
            old, new = before.get(key, {}), after.get(key, {})
            if old != new:
                size = max(size_of_item(old), size_of_item(new))
                units += factor * math.ceil(size / 1024)
                units += factor * (self._listed(old) != self._listed(new))
        return max(units, 1)

    def _listed(self, item: Item) -> Item:
        return {name: value for name, value in item.items() if name in self._names}


def _requests(operation: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> int:
    if operation == "ReceiveMessage":
        return len(answer.get("Messages", []))  # an empty one is the poller's, see `idle`
    entries = parameters.get("Entries", [parameters])
    size = sum(len(str(entry.get("MessageBody", ""))) for entry in entries)
    return max(math.ceil(size / 65_536), 1)


def dollars(bill: Bill) -> float:
    """Give what a million of it costs."""
    return sum(PRICES[meter] * quantity for meter, quantity in bill.items())


def less(bill: Bill, other: Bill) -> Bill:
    """Give what one bill has more than another."""
    return Bill({meter: bill[meter] - other[meter] for meter in bill | other})
