"""Durable actions: they outlive crashes step by step, sleep, and wait for people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from cdk_streamer_runtime import InputTimeout, Progress, RequestContext, Retry, Retryable

from .application import app, mark, wait


@app.action("nap", mode="async", executor="durable", timeout=600)
def nap(payload: dict[str, str], progress: Progress, context: RequestContext) -> dict[str, int]:
    """Do one step, sleep, and do another; each adds a line to the file `executions`."""
    first = context.step("first", lambda: _step(payload, 1))
    progress.report(50, "half", step="first")
    progress.chunk("before the sleep")
    context.sleep(1)
    progress.chunk("after the sleep")
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


@app.action("plod", mode="async", executor="durable", timeout=600)
def plod(payload: dict[str, str], progress: Progress, context: RequestContext) -> int:
    """Do one step, go on when the file `release` exists, and do another."""
    first = context.step("first", lambda: _step(payload, 1))
    progress.report(50, "between", pid=os.getpid())
    wait(progress, Path(payload["release"]).exists)
    return first + context.step("second", lambda: _step(payload, 2))


@app.action(
    "relapse",
    mode="async",
    executor="durable",
    timeout=600,
    retry=Retry(max_attempts=2, delay=0.1),
)
def relapse(payload: dict[str, str], context: RequestContext) -> int:
    """Fail after the one step of the first attempt, and succeed in the second."""
    attempt = context.attempt
    context.step("only", lambda: _step(payload, attempt))
    if attempt == 1:
        raise Retryable("once more")
    return attempt


@app.action("ask_in_vain", mode="async", executor="durable", timeout=600)
def ask_in_vain(progress: Progress) -> None:
    """Ask for no longer than a second."""
    progress.ask(bool, timeout=1)


@app.action("guess", mode="async", executor="durable", timeout=600)
def guess(progress: Progress) -> str:
    """Go on without an answer when none comes within a second."""
    try:
        return str(progress.ask(bool, timeout=1))
    except InputTimeout:
        return "nobody answered"


@app.action("interview", mode="async", executor="durable", timeout=600)
def interview(progress: Progress) -> list[Any]:
    """Ask twice, for a text of at most five characters and then for a number."""
    name = progress.ask({"type": "string", "maxLength": 5}, prompt="Your name?")
    age = progress.ask(int, prompt="Your age?")
    return [name, age]


def _step(payload: dict[str, str], number: int) -> int:
    if "executions" in payload:
        mark(payload)
    return number
