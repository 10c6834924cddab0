"""Latencies of the deployed template in the local engine, beside the engine's own floor.

    python -m benchmarks.end_to_end

The floor is a function that does nothing but post its answer. Client, engine and functions share
this machine's clock and its processors, so read the ratios, not the milliseconds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from benchmarks._processes import cpu, descendants, part
from cdk_streamer_client import Progress, StreamerClient
from cdk_streamer_local import LocalStack

APP = Path(__file__).parent / "app"
CONNECTIONS = 10
SECONDS = 4
RATES = (1, 10, 50)
AT_ONCE = 20
UPDATES = 100  # a second, of each


async def main() -> None:
    """Print all tables."""
    with LocalStack(APP / "app.py") as stack:
        floor = stack.outputs["FloorUrl"]
        url = stack.outputs["Url"]
        token = stack.token(sub="alice", tenant="acme")
        links = [await connect(floor, ssl=stack.tls) for _ in range(CONNECTIONS)]
        clients = [
            await StreamerClient(url=url, token=token, ca_bundle=stack.ca_bundle).__aenter__()
            for _ in range(CONNECTIONS)
        ]
        await _print_round_trips(links, clients)
        post = await _floor_of_a_post(links[0])
        await _print_progress(clients, post)
        for each in (*links, *clients):
            await each.close()
        await _print_updates(stack)


async def _print_round_trips(
    links: Sequence[ClientConnection], clients: Sequence[StreamerClient]
) -> None:
    def floor(number: int) -> Awaitable[object]:
        return _ask(links[number % CONNECTIONS], number)

    def echo(number: int) -> Awaitable[object]:
        return clients[number % CONNECTIONS].request(action="echo", payload={})

    _header("round trip, ms", "floor p50", "p99", "echo p50", "p99", "ratio")
    for rate in RATES:
        lowest = await _at_rate(rate, floor)
        ours = await _at_rate(rate, echo)
        _row(f"{rate} a second", *lowest, *ours, ours[0] / lowest[0])


async def _floor_of_a_post(link: ClientConnection) -> tuple[float, float]:
    delays: list[float] = []
    for number in range(200):
        answer = await _ask(link, number)
        delays.append(time.time() - answer["at"])
    return _percentiles(delays)


async def _print_progress(clients: Sequence[StreamerClient], post: tuple[float, float]) -> None:
    _header("from report to client, ms", "floor p50", "p99", "tick p50", "p99", "end p50")
    for requests, rate in ((1, 1), (1, 10), (5, 10), (1, 50)):
        ticks, ends = await _ticks(clients[:requests], rate)
        name = f"{requests} request{'s' * (requests > 1)}, {rate} a second each"
        _row(name, *post, *_percentiles(ticks), _percentiles(ends)[0])
    ticks, _ = await _ticks(clients[:1], 200)
    heard = len(ticks) / SECONDS
    print(f"\nreported 200 times a second, max_progress_rate=100: {heard:.0f} heard a second")


async def _ticks(clients: Sequence[StreamerClient], rate: int) -> tuple[list[float], list[float]]:
    ticks: list[float] = []
    ends: list[float] = []

    def hear(progress: Progress) -> None:
        ticks.append(time.time() - progress.metadata["at"])

    async def follow(client: StreamerClient) -> None:
        payload = {"count": rate * SECONDS, "rate": rate}
        result = await client.request(action="ticks", payload=payload, on_progress=hear)
        ends.append(time.time() - result["at"])

    await asyncio.gather(*(follow(client) for client in clients))
    return ticks, ends


async def _print_updates(stack: LocalStack) -> None:
    """Report at the highest rate in many requests at once, and count what arrives."""
    url, token = stack.outputs["Url"], stack.token(sub="alice", tenant="acme")
    clients = [
        await StreamerClient(url=url, token=token, ca_bundle=stack.ca_bundle).__aenter__()
        for _ in range(AT_ONCE)
    ]
    for client in clients:  # each worker starts once
        await client.request(action="echo", payload={})
    await _updates(clients, 1)
    processes = {pid: part(pid) or "other" for pid in descendants(os.getpid())[1:]}
    before = {pid: cpu([pid]) for pid in processes} | {os.getpid(): time.process_time()}
    lags, lasts = await _updates(clients, UPDATES)
    worked = Counter[str]()
    for pid, name in processes.items():
        worked[name] += round(1_000_000 * (cpu([pid]) - before[pid]) / len(lags))
    worked["client"] = round(1_000_000 * (time.process_time() - before[os.getpid()]) / len(lags))
    reported = AT_ONCE * UPDATES * SECONDS
    _header(f"{AT_ONCE} requests at once", "reported/s", "heard/s", "of", "lag p50", "p99")
    figures = reported / SECONDS, len(lags) / SECONDS, len(lags) / reported
    _row(f"{UPDATES} a second each, max_progress_rate=100", *figures, *_percentiles(lags))
    print(f"coalesced {reported - len(lags)}, last ones heard {lasts} of {AT_ONCE}")
    parts = ", ".join(f"{name} {each}" for name, each in worked.most_common() if each)
    print(f"CPU of each update that was heard, microseconds: {parts}")
    for client in clients:
        await client.close()


async def _updates(clients: Sequence[StreamerClient], rate: int) -> tuple[list[float], int]:
    """Give how late each update came, and how many requests' last one did."""
    lags: list[float] = []
    lasts: list[int] = []
    count = rate * SECONDS

    async def follow(client: StreamerClient) -> None:
        heard: list[int] = []

        def hear(progress: Progress) -> None:
            lags.append(time.time() - progress.metadata["at"])
            heard.append(progress.metadata["number"])

        payload = {"count": count, "rate": rate}
        await client.request(action="ticks", payload=payload, on_progress=hear)
        lasts.append(heard[-1])

    await asyncio.gather(*(follow(client) for client in clients))
    return lags, lasts.count(count - 1)


async def _at_rate(rate: int, act: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Start so many a second, whatever became of those before, and give their latencies."""
    times: list[float] = []

    async def one(number: int) -> None:
        began = time.perf_counter()
        await act(number)
        times.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as group:
        for number in range(max(rate * SECONDS, 20)):
            group.create_task(one(number))
            await asyncio.sleep(1 / rate if rate > 1 else 0.2)
    return _percentiles(times)


_waiting: dict[ClientConnection, asyncio.Lock] = {}
_numbers = itertools.count()


async def _ask(link: ClientConnection, number: int) -> dict[str, float]:
    async with _waiting.setdefault(link, asyncio.Lock()):
        await link.send(json.dumps({"id": number}))
        return json.loads(await link.recv())


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    if len(seconds) < 2:  # noqa: PLR2004 - quantiles need two
        return seconds[0] * 1000, seconds[0] * 1000
    marks = statistics.quantiles(seconds, n=100, method="inclusive")
    return marks[49] * 1000, marks[98] * 1000


def _header(title: str, *columns: str) -> None:
    print(f"\n{title:<34}" + "".join(f"{column:>11}" for column in columns))


def _row(name: str, *figures: float) -> None:
    print(f"{name:<34}" + "".join(f"{figure:>11.2f}" for figure in figures))


if __name__ == "__main__":
    asyncio.run(main())
