"""Actions that may be asked for so often, or so many at once."""

from __future__ import annotations

import os
from pathlib import Path

from cdk_streamer_runtime import Limit, Progress, Retry

from .application import app, wait

SLOWLY = Limit(per="owner", rate=0.5, burst=2)


@app.action("hurry", limits=[SLOWLY])
def hurry() -> str:
    """Answer twice at once, and then every two seconds."""
    return "done"


@app.action("hurry_later", mode="async", limits=[SLOWLY])
def hurry_later() -> str:
    """Be queued twice at once, and then every two seconds."""
    return "done"


@app.action("alone", mode="async", retry=Retry(max_attempts=1), limits=[Limit(in_flight=1)])
def alone(payload: dict[str, str], progress: Progress) -> str:
    """Run until the file `release` exists; no owner has two of it at once."""
    progress.report(1, "alone", pid=os.getpid())
    wait(progress, lambda: Path(payload["release"]).exists())
    return "released"
