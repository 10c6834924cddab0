"""From the command to the first message, and from an edit to the first message of the new code.

    python -m benchmarks.reloading [--cold]

Beside the command stands the app alone: what Python and CDK take to synthesize it. With --cold
everything that is kept for later starts is made anew, which needs a package index.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._processes import cpu, descendants
from cdk_streamer_client import StreamerClient
from cdk_streamer_local.record import Record

APP = Path(__file__).parent / "app"
EDITS = 5
_ANSWER = '"at": time.time()'


class Command:
    """`cdk-streamer local`, and when it told what."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.began = time.monotonic()
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cdk_streamer_local", "local", "app.py", "--json"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, name: str) -> tuple[float, dict[str, Any]]:
        """Give when an event came, in seconds since the start, and the event."""
        for line in self._process.stdout or ():
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                return time.monotonic() - self.began, event
        raise RuntimeError(f"the command ended before {name!r}")

    def cpu(self) -> float:
        """Give the CPU of all its processes that still live."""
        return cpu(descendants(self._process.pid))

    async def client(self) -> StreamerClient:
        """Give a client of the app; it is not connected yet."""
        state = self.folder / ".cdk-streamer"
        record = Record.read(state)
        if record is None:
            raise RuntimeError("the command wrote no record")
        token = record.token(state, sub="alice", tenant="acme")
        url = record.outputs["Benchmark"]["Url"]
        return StreamerClient(url=url, token=token, ca_bundle=record.ca_bundle)

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


async def main(*, is_cold: bool) -> None:
    """Print all tables."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "app")
        shutil.copytree(APP, folder, ignore=shutil.ignore_patterns(".cdk-streamer"))
        # Containers often forbid bytecode; who develops does not.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        if is_cold:
            environment["CDK_STREAMER_CACHE"] = str(Path(place, "cache"))
            await _start(folder, environment, "cold")
        _row("the app alone, s", _alone(folder, environment))
        command = await _start(folder, environment, "warm", keep=True)
        if command is not None:
            try:
                await _edit(command)
            finally:
                command.end()


async def _start(
    folder: Path, environment: dict[str, str], name: str, *, keep: bool = False
) -> Command | None:
    command = Command(folder, environment)
    synthesized, synthesis = command.wait_for("synthesized")
    deployed, deployment = command.wait_for("deployed")
    ready, _ = command.wait_for("ready")
    async with await command.client() as client:
        await client.request(action="echo", payload={})
    first = time.monotonic() - command.began
    command.wait_for("warmed")
    warmed = time.monotonic() - command.began
    print(f"\n{name} start, s")
    _row("  command and processes begun", synthesized - synthesis["seconds"])
    _row("  synthesis, beside the start of engine and gateway", synthesis["seconds"])
    _row("  waiting for the engine", deployed - synthesized - deployment["seconds"])
    _row("  deployment", deployment["seconds"])
    _row("  wiring", ready - deployed)
    _row("  connection and first answer", first - ready)
    _row("command to first answer", first)
    _row("command to all functions warm", warmed)
    _row("CPU of what runs on", command.cpu())
    if keep:
        return command
    command.end()
    return None


async def _edit(command: Command) -> None:
    handlers = command.folder / "handlers" / "requests.py"
    app = command.folder / "app.py"
    async with await command.client() as client:

        async def answers(version: int) -> None:
            while (await client.request(action="echo", payload={})).get("version") != version:  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # nobody tells when

        times: list[float] = []
        text = handlers.read_text()
        for version in range(EDITS):
            times.append(
                await _until(
                    lambda v=version: handlers.write_text(
                        text.replace(_ANSWER, f'{_ANSWER}, "version": {v}')
                    ),
                    lambda v=version: answers(v),
                )
            )
            await asyncio.sleep(1)
        print("\nedit to first answer of the new code, s")
        _row("  handler, median", statistics.median(times))
        _row("  handler, longest", max(times))

        async def deployed() -> None:
            await asyncio.to_thread(command.wait_for, "ready")
            await client.request(action="echo", payload={})

        added = 'CfnOutput(stack, "Added", value="yes")\napp.synth()'
        source = app.read_text()
        taken = await _until(lambda: app.write_text(source.replace("app.synth()", added)), deployed)
        _row("  app.py", taken)


async def _until(edit: Callable[[], object], holds: Callable[[], Any]) -> float:
    began = time.monotonic()
    edit()
    await holds()
    return time.monotonic() - began


def _alone(folder: Path, environment: dict[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=folder,
        env={**environment, "CDK_OUTDIR": str(folder / "cdk.out"), "CDK_VALIDATION": "false"},
        check=True,
        capture_output=True,
    )
    shutil.rmtree(folder / "cdk.out")
    return time.monotonic() - began


def _row(name: str, seconds: float) -> None:
    print(f"{name:<50}{seconds:>8.2f}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(is_cold="--cold" in sys.argv))
