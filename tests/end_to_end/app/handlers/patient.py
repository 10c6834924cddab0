"""Durable actions: they outlive crashes step by step, sleep, and wait for people."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cdk_streamer_runtime import Progress, RequestContext

from .application import app, mark


@app.action("nap", mode="async", executor="durable", timeout=600)
def nap(payload: dict[str, str], progress: Progress, context: RequestContext) -> dict[str, int]:
    """Do one step, sleep, and do another; each adds a line to the file `executions`."""
    first = context.step("first", lambda: _step(payload, 1))
    progress.report(50, "half", step="first")
    context.sleep(1)
    second = context.step("second", lambda: _step(payload, 2))
    return {"sum": first + second, "attempt": context.attempt}


@app.action("approve", mode="async", executor="durable", timeout=600)
def approve(
    payload: dict[str, str], progress: Progress, context: RequestContext
) -> dict[str, str | int]:
    """Draft once, ask whether to publish, and publish."""
    draft = context.step("draft", lambda: _step(payload, 1))
    answer = progress.ask(Literal["yes", "no"], prompt="Publish it?", timeout=300)
    if answer == "yes":
        context.step("publish", lambda: Path(payload["published"]).touch())
    return {"answer": answer, "draft": draft}


def _step(payload: dict[str, str], number: int) -> int:
    if "executions" in payload:
        mark(payload)
    return number
