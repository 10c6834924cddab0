"""Ends an invocation when its last line is there; in the engine's process.

The engine cannot know which line is the last one, so it waits five milliseconds for another after
each, in which the worker is taken. Our bootstrap says so.
"""

from __future__ import annotations

import queue
import time
from typing import Any

# As the bootstrap of workers has it.
LAST_LINE = "\x04cdk-streamer: last line"
# As long as the engine waits, for a worker that ended before it could say anything.
_FIRST_SECONDS = 0.05
_MOST_SECONDS = 0.25


def heed_last_lines(runtime: Any) -> None:  # noqa: ANN401 - a module of the engine
    """Have Python's workers free as soon as their invocation has said its last."""
    worker = runtime.Worker
    as_the_engine_does = worker._drain_stderr_bounded  # noqa: SLF001

    def drain(self: Any, *arguments: Any, **named: Any) -> str:  # noqa: ANN401 - a worker of its
        if type(self) is worker and str(self.config.get("Runtime", "")).startswith("python"):
            return "\n".join(said(self._stderr_queue))
        return as_the_engine_does(self, *arguments, **named)

    worker._drain_stderr_bounded = drain  # noqa: SLF001


def said(lines: queue.Queue[str]) -> list[str]:
    """Give the lines of an invocation that has answered."""
    found: list[str] = []
    end = time.monotonic() + _MOST_SECONDS
    while (left := end - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=min(left, _FIRST_SECONDS))
        except queue.Empty:
            break
        if line == LAST_LINE:
            break
        found.append(line)
    return found
