"""What a million of each costs: calls counted in memory, times AWS's list prices.

python -m benchmarks.costs

Counted are the units that AWS bills, from the calls that the runtime makes: sizes of items and of
messages, transactions twice, the listing index, what Lambda's pollers receive and delete. Assumed
are the milliseconds that functions of ours take (MILLISECONDS); a handler's own come on top.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from benchmarks._passing import Passing
from cdk_streamer_runtime import AsyncApp, Limit, Progress, contract
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE, WATCH, WORK, MemoryApi
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.memory.values import Item, size_of_item
from cdk_streamer_runtime.sockets.connections import Caller

# Dollars a million in us-east-1, first tier, without the free ones, as published in 2026:
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
    "S3 PUT": 5.00,
    "S3 GET": 0.40,
}
MILLISECONDS = {"message": 15, "dispatcher": 20, "worker": 40, "watcher": 15}
GIGABYTES = {"message": 0.5, "dispatcher": 0.25, "worker": 0.5, "watcher": 0.25}
TICKS = 10
CALLER = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)


class Bill(dict[str, float]):
    """How much of what; nothing of all else."""

    def __missing__(self, meter: str) -> float:
        """Give zero."""
        return 0


class Meter(Passing):
    """Passes calls on, and writes down what AWS would bill for them."""

    def __init__(self, aws: MemoryAws) -> None:
        super().__init__(aws)
        self.bill = Bill()

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Bill a call by what it wrote or read."""
        before = self._items()
        answer = super().call(service, operation, parameters)
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

    def rest(self, service: str, method: str, url: str, **rest: Any) -> bytes:  # noqa: ANN401 - passed on
        """Bill a post by its size, and an object by itself."""
        if service == "s3":
            self.bill[f"S3 {method}"] += 1
        else:
            self.bill["WebSocket message"] += math.ceil(len(rest["body"]) / contract.FRAME_BYTES)
        return super().rest(service, method, url, **rest)

    def _items(self) -> dict[str, Item]:
        return {item["pk"]["S"] + item["sk"]["S"]: item for item in self.aws.items(TABLE.name)}


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

    @app.action("large", mode="async")
    def large() -> str:
        return "x" * 200_000

    @app.action("limited", mode="async", limits=[Limit(rate=100, in_flight=50)])
    def limited(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @app.action("chatty", mode="async")
    def chatty(progress: Progress) -> None:
        for step in range(TICKS):
            progress.report(step * 10, "working")

    return app


def bill_of(action: str, *, over: str = "socket") -> Bill:
    """Bill one call of an action, to the end of its watch."""
    meters: list[Meter] = []

    def through(aws: MemoryAws) -> Meter:
        meters.append(Meter(aws))
        return meters[0]

    api = MemoryApi(app(), through=through)
    bill = meters[0].bill
    call = {"action": action, "id": "one", "payload": {"text": "x" * 200}}
    if over == "socket":
        api.hear(api.connect(CALLER), call)
        bill["WebSocket message"] += 1
    else:
        api.http(CALLER, "POST", "/requests", body=call)
        bill["HTTP request"] += 1
    _invoked(bill, "message")
    _finish(api, bill)
    return bill


def poll() -> Bill:
    """Bill the reading of a request over HTTP."""
    meters: list[Meter] = []

    def through(aws: MemoryAws) -> Meter:
        meters.append(Meter(aws))
        return meters[0]

    api = MemoryApi(app(), through=through)
    api.http(CALLER, "POST", "/requests", body={"action": "quiet", "id": "one", "payload": {}})
    bill = meters[0].bill
    bill.clear()
    api.http(CALLER, "GET", "/requests/one")
    bill["HTTP request"] += 1
    _invoked(bill, "message")
    return bill


def _finish(api: MemoryApi, bill: Bill) -> None:
    """Bill what functions and pollers do until nothing is left to be looked after."""
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
            return


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


def less(bill: Bill, other: Bill) -> Bill:
    """Give what one bill has more than another."""
    return Bill({meter: bill[meter] - other[meter] for meter in bill | other})


def rows() -> dict[str, Bill]:
    """Give what is billed, by what it is billed for."""
    quiet, chatty = bill_of("quiet"), bill_of("chatty")
    fetched = Bill({"S3 GET": 1})
    return {
        "sync action over the socket": bill_of("echo"),
        "sync action over HTTP": bill_of("echo", over="HTTP"),
        "async request over the socket, to its result": quiet,
        "async request over HTTP, accepted and run": bill_of("quiet", over="HTTP"),
        "more for a rate and a cap of open requests": less(bill_of("limited"), quiet),
        "more for a result of more than 100 KB": Bill(fetched | less(bill_of("large"), quiet)),
        "look at a request over HTTP": poll(),
        "progress message to one subscriber": Bill(
            {meter: quantity / TICKS for meter, quantity in less(chatty, quiet).items()}
        ),
        "second of a long poll": Bill({"GB-second": GIGABYTES["message"]}),
        "second of a handler": Bill({"GB-second": GIGABYTES["worker"]}),
        "hour of a connection with its pings": Bill(
            {"connection minute": 60, "WebSocket message": 24, "invocation": 12, "GB-second": 0.09}
        ),
    }


def table() -> list[tuple[str, str, str]]:
    """Give each row's name, the dollars of a million of it, and what they are for."""
    return [
        (name, f"{dollars(bill):.2f}", ", ".join(_parts(bill))) for name, bill in rows().items()
    ]


def _parts(bill: Bill) -> list[str]:
    billed = {meter: quantity for meter, quantity in bill.items() if round(quantity, 9)}
    return [f"{quantity:g} {meter}{'s' * (quantity != 1)}" for meter, quantity in billed.items()]


def main() -> None:
    """Print what a million of each costs, and of what."""
    logging.disable(logging.CRITICAL)
    print(f"{'a million of':<46} {'dollars':>8}  for each")
    for name, price, parts in table():
        print(f"{name:<46} {price:>8}  {parts}")
    print(f"\n{'a month in which nobody comes':<46} {dollars(idle()) / 1e6:>8.2f}")


if __name__ == "__main__":
    main()
