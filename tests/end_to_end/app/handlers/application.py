"""What all actions of the application share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cdk_streamer_runtime import AsyncApp, Caller, Progress

PATIENCE = 60.0  # seconds until a handler that waits for its test gives up

app = AsyncApp(max_message_bytes=20_000, max_upload_bytes=6_000_000)


@app.channel_rule
def may_hear(caller: Caller, channel: str) -> bool:
    """Keep what is confidential from all but administrators."""
    return not channel.startswith("confidential-") or "admin" in caller.scopes


def mark(payload: dict[str, str]) -> None:
    """Add a line to the file that counts executions."""
    with Path(payload["executions"]).open("a") as file:
        file.write("executed\n")


def wait(progress: Progress, ready: Callable[[], bool]) -> None:
    """Return when something is so; raises what stops a handler before that."""
    end = time.monotonic() + PATIENCE
    while not ready():
        progress.check()
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
