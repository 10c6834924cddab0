"""Actions: one that answers, one that takes as long as it is told, one that fails."""

import time
from typing import Any

from cdk_streamer_runtime import AsyncApp, Progress

app = AsyncApp()


@app.action("echo")
def echo(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


@app.action("report", mode="async", timeout=60)
def report(payload: dict[str, Any], progress: Progress) -> dict[str, Any]:
    steps = payload.get("steps", 4)
    for step in range(steps):
        progress.report(100 * step / steps, f"page {step + 1} of {steps}")
        time.sleep(payload.get("pause", 0.1))
    return {"pages": steps}


@app.action("broken", mode="async", timeout=60)
def broken(payload: dict[str, Any]) -> dict[str, Any]:
    raise LookupError(f"no account {payload.get('account')}")
