"""Actions: one that answers, one that takes as long as it is told, and some that go wrong."""

import time
from typing import Any

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry

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


@app.action("flaky", mode="async", timeout=60, retry=Retry(max_attempts=3, delay=0.1))
def flaky(payload: dict[str, Any], progress: Progress, context: RequestContext) -> str:
    progress.report(50, "halfway")
    if context.attempt <= payload.get("failures", 1):
        raise ConnectionError("the archive does not answer")
    return f"attempt {context.attempt} did it"


@app.action("poem", mode="async", timeout=60)
def poem(payload: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Put out every line, and give them all; many of them are a large result."""
    lines = [f"line {number} of {payload['about']}" for number in range(payload.get("lines", 3))]
    for line in lines[:50]:
        progress.chunk(line)
    return {"lines": lines}


@app.action("secret", scopes=["reports"])
def secret(payload: dict[str, Any]) -> str:
    return "told to those with the scope"
