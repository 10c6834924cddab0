"""A contestant's process, as who measures it sees it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(slots=True, kw_only=True)
class Contestant:
    """One process; it works only while it is asked to."""

    name: str
    process: subprocess.Popen[str]
    records: int
    calls: int
    cpu: list[float] = field(default_factory=list[float])  # microseconds a record
    wall: list[float] = field(default_factory=list[float])
    peak: float = 0.0  # megabytes

    @classmethod
    def start(cls, name: str, command: Sequence[str], path: Sequence[Path]) -> Contestant:
        """Start it and let it run once; raises RuntimeError when it has not sent everything."""
        search = os.pathsep.join(str(each) for each in (ROOT / "runtime", ROOT, *path))
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": search,
                "AWS_REGION": "us-east-1",
                "NODE_NO_WARNINGS": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        first = _answer(name, process)
        if first["items"] != first["records"]:
            process.communicate()
            raise RuntimeError(
                f"{name} sent {first['items']} of {first['records']} records: it does other work"
            )
        return cls(
            name=name, process=process, records=int(first["records"]), calls=int(first["calls"])
        )

    def warm_up(self, seconds: float) -> None:
        """Let it run so long, and forget what that took."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._run(1)

    def measure(self, records: int) -> None:
        """Let it take about so many records, and keep what that took."""
        times = max(1, round(records / self.records))
        taken = self._run(times)
        for kept, name in ((self.cpu, "cpu"), (self.wall, "wall")):
            kept.append(taken[name] * 1e6 / (times * self.records))

    def end(self) -> None:
        """Let it end."""
        self.peak = self._ask("end")["peak"]
        self.process.communicate()

    def _run(self, times: int) -> dict[str, float]:
        return self._ask(str(times))

    def _ask(self, line: str) -> dict[str, float]:
        print(line, file=self.process.stdin, flush=True)
        return _answer(self.name, self.process)


def _answer(name: str, process: subprocess.Popen[str]) -> dict[str, float]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        process.communicate()
        raise RuntimeError(f"{name} ended with {process.returncode}: see what it wrote above")
    return json.loads(line)
