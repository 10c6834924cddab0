"""One contestant in a process of its own, that runs when it is told to.

python -m benchmarks.contestants.worker CONTESTANT listener|trigger RULES FILE stubbed|client

It reads the records once, runs once, and tells its calls. Then it reads lines: a number is how
often to run, and `end` is the end, at which it tells its peak of memory. What contestants print
goes nowhere, but they do print it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from cdk_streamer_runtime.streams.json_text import Json

Handler = Callable[[Json], object]
KILOBYTES_PER_MEGABYTE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is measured."""

    name: str
    rules: int
    mode: str


class Counted(Protocol):
    """What a contestant has sent."""

    @property
    def calls(self) -> int:
        """How many calls there were."""
        ...

    @property
    def items(self) -> int:
        """How many items were in them."""
        ...


def main(arguments: list[str], out: TextIO) -> None:
    """Be one contestant."""
    contestant, name, rules, file, mode = arguments
    module = importlib.import_module(f"benchmarks.contestants.{contestant}")
    handler, counted = module.contestant(Task(name=name, rules=int(rules), mode=mode))
    event = json.loads(Path(file).read_text())
    handler(event)
    _say(out, calls=counted.calls, items=counted.items, records=len(event["Records"]))
    for line in sys.stdin:
        if line.strip() == "end":
            break
        _repeat(out, handler, event, int(line))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_PER_MEGABYTE
    _say(out, peak=peak)


def _repeat(out: TextIO, handler: Handler, event: Json, times: int) -> None:
    cpu, began = time.process_time(), time.perf_counter()
    for _ in range(times):
        handler(event)
    _say(out, cpu=time.process_time() - cpu, wall=time.perf_counter() - began)


def _say(out: TextIO, **values: float) -> None:
    print(json.dumps(values), file=out, flush=True)


if __name__ == "__main__":
    told = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    main(sys.argv[1:], told)
