"""What a million of each costs: calls counted in memory, times AWS's list prices.

python -m benchmarks.costs

Counted are the units that AWS bills, from the calls that the runtime makes: sizes of items and of
messages, transactions twice, the listing index, what Lambda's pollers receive and delete. Assumed
are the milliseconds that functions of ours take (MILLISECONDS); a handler's own come on top.
"""

from __future__ import annotations

import logging
from typing import Any

from benchmarks import sink_costs, timer_costs
from benchmarks.bill import Bill, Meter, dollars, less
from cdk_streamer_runtime import AsyncApp, Limit, Progress, contract
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE, WATCH, WORK, MemoryApi
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.connections import Caller

MILLISECONDS = {"message": 15, "dispatcher": 20, "worker": 40, "watcher": 15}
GIGABYTES = {"message": 0.5, "dispatcher": 0.25, "worker": 0.5, "watcher": 0.25}
TICKS = 10
LISTED = {contract.OWNER_INDEX_SORT_KEY, *contract.OWNER_INDEX_PROJECTION}
CALLER = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)


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
        meters.append(Meter(aws, TABLE.name, LISTED))
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
        meters.append(Meter(aws, TABLE.name, LISTED))
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
        **timer_costs.rows(),
        **sink_costs.rows(),
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
    print(
        f"{'a month of a sink to which nobody sends':<46} {dollars(sink_costs.month()) / 1e6:>8.2f}"
    )
    print(f"\n{'million firings a month':<28} {'EventBridge Scheduler':>22} {'PeriodicTimer':>14}")
    for number, scheduler, timers in timer_costs.table():
        print(f"{number:<28} {scheduler:>22} {timers:>14}")
    print(f"{timer_costs.meeting():.1f} is where they meet")


if __name__ == "__main__":
    main()
