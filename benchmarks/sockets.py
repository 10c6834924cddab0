"""Ten thousand connections: what they take, and how they come back after all were cut at once.

    python -m benchmarks.sockets [connections]

Beside the gateway stand plain servers with the same clients. The clients run in two processes of
their own on this machine's processors, so read the ratios and the counts. Needs /proc.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks._processes import cpu, descendants, memory, only, part
from cdk_streamer_client import StreamerClient
from cdk_streamer_local import LocalStack

APP = Path(__file__).parent / "app"
CONNECTIONS = 10_000
PROCESSES = 2
OPENED_PER_SECOND = 400  # below API Gateway's limit of 500
ENCRYPTED = 4  # one for so many, since a process often may open 20,000 files and no more
IDLE_SECONDS = 10
CALLERS = 100
REQUESTS = 10  # each has room for twenty who follow it
FLOORS = ("protocol", "websockets")
FOLLOWERS = 100  # of the clients, those whose subscription is tried
LISTENED_SECONDS = 5


class Crowd:
    """The clients, in processes of their own; each from an address of its own."""

    def __init__(self, url: str, tokens: Sequence[str] = (), ca: str | None = None) -> None:
        address = urlsplit(url)
        self._place = {"host": address.hostname, "port": address.port, "ca": ca}
        self._heads = [_head(address.netloc, address.path, token) for token in tokens or [""]]
        self._processes = [_started("benchmarks._crowd") for _ in range(PROCESSES)]

    @property
    def pids(self) -> list[int]:
        """Give the processes."""
        return [process.pid for process in self._processes]

    def connect(self, count: int, rate: float) -> list[dict[str, Any]]:
        """Open so many at such a rate."""
        share = {"count": count // PROCESSES, "rate": rate / PROCESSES, "heads": self._heads}
        return self._all({"do": "connect", **self._place, **share})

    def drop(self) -> list[dict[str, Any]]:
        """Cut all, and wait until they are back."""
        return self._all({"do": "drop"})

    def subscribe(self, requests: Sequence[str], every: int) -> list[list[dict[str, Any]]]:
        """Give what each n-th client hears of a request."""
        command = {"do": "subscribe", "requests": requests, "every": every}
        answers = self._all({**command, "seconds": LISTENED_SECONDS})
        return [heard for answer in answers for heard in answer["heard"]]

    def end(self) -> None:
        """End the processes."""
        self._all({"do": "close"})
        for process in self._processes:
            process.kill()
            process.wait()

    def _all(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        for number, process in enumerate(self._processes):
            _write(process, {**command, "source": f"127.0.0.{number + 2}"})
        return [json.loads(process.stdout.readline()) for process in self._processes]  # type: ignore[union-attr]


def main(connections: int) -> None:
    """Print all tables."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"{connections} connections\n")
    _row("held", "KB each", "CPU idle, %", "opened/s", "CPU each, ms")
    for kind in FLOORS:
        with _floor(kind) as (url, pid):
            floor = Crowd(url)
            _print_held(f"floor: {kind}", floor, pid, connections)
            floor.end()
    with LocalStack(APP / "app.py") as stack:
        gateway = only(os.getpid(), "gateway")
        alone = asyncio.run(_echoes(stack))
        crowd = Crowd(_plain(stack.outputs["BareUrl"]))
        _print_held("gateway", crowd, gateway, connections)
        among = asyncio.run(_echoes(stack))
        tls = Crowd(stack.outputs["BareUrl"], ca=stack.ca_bundle)
        _print_held("gateway, TLS", tls, gateway, connections // ENCRYPTED)
        tls.end()
        print()
        _row("sync echo, 10 a second", "p50, ms", "p99, ms", "gateway CPU, ms")
        _row("alone", *alone)
        _row(f"among {connections} idle", *among)
        _print_storm("gateway alone, nobody is told", crowd, gateway)
        crowd.end()
        _print_storm_of_the_app(stack, gateway, connections)


def _print_held(name: str, crowd: Crowd, pid: int, connections: int) -> None:
    empty, busy, began = memory(pid), cpu([pid]), time.monotonic()
    crowd.connect(connections, OPENED_PER_SECOND)
    took, worked = time.monotonic() - began, cpu([pid]) - busy
    time.sleep(1)
    each = (memory(pid) - empty) / connections / 1024
    idle = cpu([pid])
    time.sleep(IDLE_SECONDS)
    _row(
        name,
        each,
        100 * (cpu([pid]) - idle) / IDLE_SECONDS,
        connections / took,
        1000 * worked / connections,
    )


async def _echoes(stack: LocalStack) -> tuple[float, float, float]:
    gateway, rate, seconds = only(os.getpid(), "gateway"), 10, 10
    token = stack.token(sub="alice", tenant="acme")
    times: list[float] = []
    url = stack.outputs["Url"]
    async with StreamerClient(url=url, token=token, ca_bundle=stack.ca_bundle) as client:

        async def one(act: Awaitable[object]) -> None:
            began = time.perf_counter()
            await act
            times.append(time.perf_counter() - began)

        await client.request(action="echo", payload={})
        busy = cpu([gateway])
        async with asyncio.TaskGroup() as group:
            for _ in range(rate * seconds):
                group.create_task(one(client.request(action="echo", payload={})))
                await asyncio.sleep(1 / rate)
    marks = statistics.quantiles(times, n=100, method="inclusive")
    return marks[49] * 1000, marks[98] * 1000, 1000 * (cpu([gateway]) - busy) / len(times)


def _print_storm_of_the_app(stack: LocalStack, gateway: int, connections: int) -> None:
    tokens = [stack.token(sub=f"user-{number}", tenant="acme") for number in range(CALLERS)]
    # Whoever follows must own what is followed.
    token = tokens[0]
    crowd = Crowd(_plain(stack.outputs["Url"]), [token, *tokens[1:]])
    began = time.monotonic()
    crowd.connect(connections, 100)
    print(f"\nall in by $connect and authorizer: {connections / (time.monotonic() - began):.0f}/s")
    _print_storm("with authorizer and $connect", crowd, gateway)
    heard = asyncio.run(_heard(stack, token, crowd, connections))
    whole = sum(_is_whole(messages) for messages in heard)
    print(f"subscriptions tried afterwards: {len(heard)}, heard without a gap: {whole}")
    crowd.end()


async def _heard(
    stack: LocalStack, token: str, crowd: Crowd, connections: int
) -> list[list[dict[str, Any]]]:
    """Have some clients follow requests that run, and give what each hears."""
    # Every hundredth client has the token of the requests' owner.
    every = max(connections // FOLLOWERS // CALLERS, 1) * CALLERS
    url = stack.outputs["Url"]
    async with StreamerClient(url=url, token=token, ca_bundle=stack.ca_bundle) as client:
        payload = {"rate": 2, "count": 8 * LISTENED_SECONDS}
        requests = [client.submit(action="ticks", payload=payload) for _ in range(REQUESTS)]
        for request in requests:
            await anext(aiter(request))
        ids = [request.id for request in requests]
        return await asyncio.to_thread(crowd.subscribe, ids, every)


def _is_whole(messages: Sequence[dict[str, Any]]) -> bool:
    """Tell whether a client heard a snapshot and then every number that followed."""
    numbers = [message["seq"] for message in messages if "seq" in message]
    return len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _print_storm(name: str, crowd: Crowd, gateway: int) -> None:
    processes = descendants(os.getpid())
    parts = {pid: part(pid) for pid in processes}
    before = {pid: cpu([pid]) for pid in processes}
    began = time.monotonic()
    answers = crowd.drop()
    took = time.monotonic() - began
    waits = sorted(wait for answer in answers for wait in answer["waits"])
    refusals = sum((Counter(answer["refusals"]) for answer in answers), Counter[str]())
    attempts = sum(answer["attempts"] for answer in answers)
    print(f"\nstorm, {name}: {len(waits)} cut at once")
    half, most = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    print(f"  back: half after {half:.1f} s, 99 % after {most:.1f} s, all after {took:.1f} s")
    lost = len(waits) - sum(answer["open"] for answer in answers)
    print(f"  attempts {attempts}, refused {dict(refusals)}, lost {lost}")
    worked: defaultdict[str, float] = defaultdict(float)
    for pid, seconds in before.items():
        worked[parts[pid]] += cpu([pid]) - seconds
    figures = ", ".join(f"{key} {value:.1f} s" for key, value in worked.items() if round(value, 1))
    print(f"  CPU: {figures}; gateway's memory {memory(gateway) / 2**20:.0f} MB")


@contextmanager
def _floor(kind: str) -> Generator[tuple[str, int]]:
    process = _started("benchmarks._floor", kind)
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}/", process.pid  # type: ignore[union-attr]
    finally:
        process.kill()
        process.wait()


def _started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _write(process: subprocess.Popen[str], command: dict[str, Any]) -> None:
    if process.stdin is not None:
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()


def _head(host: str, path: str, token: str) -> str:
    protocols = f"Sec-WebSocket-Protocol: streamer.v1, bearer.{token}\r\n" if token else ""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{protocols}\r\n"
    )


def _plain(url: str) -> str:
    """Give the same address without TLS: the gateway takes both at one port."""
    return url.replace("wss:", "ws:")


def _row(name: str, *figures: float | str) -> None:
    cells: Iterable[str] = (
        f"{each:>14.2f}" if isinstance(each, float) else f"{each:>14}" for each in figures
    )
    print(f"{name:<32}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS)
