"""The app, with actions that succeed, fail, hang, die and come back, each in one way.

The other modules of this folder add what they are about. All run on the machine of the tests, so
files are how a test and a handler signal to each other.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_streamer_runtime import (
    ActionFailed,
    Cancelled,
    Fatal,
    Progress,
    RequestContext,
    Retry,
    Retryable,
)

# They register their actions when they are imported.
from . import limited, outputs, patient  # noqa: F401
from .application import PATIENCE, app, mark, wait

SECRET = "hunter2"  # what handlers' exceptions say and no client may read
QUICK = Retry(max_attempts=3, delay=0.1, max_delay=0.2)
FROZEN = 2.0  # seconds between two looks at the clock that only a stopped process needs


@app.action("echo")
def echo(payload: Any) -> Any:
    """Answer what came."""
    return payload


@app.action("whoami")
async def whoami(context: RequestContext) -> dict[str, Any]:
    """Answer who the authorizer said it was."""
    return {"tenant": context.tenant, "owner": context.owner, "metadata": dict(context.metadata)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """An input with one required member and one with a default."""

    name: str
    times: int = 1


@app.action("greet", input=Greeting)
def greet(payload: Greeting) -> str:
    """Answer from a checked input."""
    return f"hello {payload.name} " * payload.times


@app.action("greet_later", mode="async", input=Greeting)
def greet_later(payload: Greeting) -> str:
    """Answer from a checked input, by and by."""
    return f"hello {payload.name}"


@app.action("either", mode=lambda payload: "async" if payload["slow"] else "sync")
def either(context: RequestContext) -> str:
    """Run as the payload says, or as the client prefers."""
    return context.action


@app.action("administer", scopes=("admin",))
def administer() -> str:
    """Answer administrators only."""
    return "done"


@app.action("refuse")
def refuse() -> None:
    """Fail with what the client may know."""
    raise ActionFailed("the shop is closed", details={"opens": "Monday"})


@app.action("break")
def break_() -> None:
    """Fail with what the client must not know."""
    raise ValueError(SECRET)


@app.action("dawdle", timeout=1)
def dawdle() -> None:
    """Take longer than a sync action may."""
    time.sleep(PATIENCE)


@app.action("abandon")
def abandon() -> None:
    """Stop the way a handler does that was told to."""
    raise Cancelled


@app.action("fleeting", mode="async", expires=1)
def fleeting() -> str:
    """Be of use for a second only."""
    return "in time"


@app.action("refuse_later", mode="async", retry=QUICK)
def refuse_later() -> None:
    """Fail for good with what the client may know."""
    raise ActionFailed("the shop is closed", details={"opens": "Monday"})


@app.action("break_later", mode="async")
def break_later() -> None:
    """Fail with what the client must not know."""
    raise ValueError(SECRET)


@app.action("give_up", mode="async", retry=QUICK)
def give_up(payload: dict[str, str]) -> None:
    """Fail in a way that no other attempt would cure."""
    mark(payload)
    raise Fatal(SECRET)


@app.action("dawdle_later", mode="async", timeout=1)
def dawdle_later(progress: Progress) -> None:
    """Take longer than its timeout."""
    wait(progress, lambda: False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How far to count, and a file that gets a line for each execution."""

    steps: int = 5
    executions: str | None = None


@app.action("count", mode="async", input=Steps)
def count(payload: Steps, progress: Progress) -> dict[str, Any]:
    """Report each step and succeed."""
    if payload.executions:
        mark({"executions": payload.executions})
    progress.set_metadata("source", "counter")
    for step in range(1, payload.steps + 1):
        progress.report(current=step, total=payload.steps, unit="steps", step="counting")
        time.sleep(0.01)
    return {"counted": payload.steps}


@app.action("flaky", mode="async", retry=QUICK)
def flaky(progress: Progress, context: RequestContext) -> dict[str, int]:
    """Succeed in the third attempt."""
    progress.report(10 * context.attempt)
    if context.attempt < 3:
        raise Retryable(SECRET)
    return {"attempt": context.attempt}


@app.action("stumble", mode="async", retry=QUICK)
def stumble(payload: dict[str, str], progress: Progress, context: RequestContext) -> str:
    """Fail in the first attempt, once the file `release` exists, and succeed in the second."""
    progress.report(1, "on its way")
    if context.attempt == 1:
        wait(progress, lambda: Path(payload["release"]).exists())
        raise Retryable(SECRET)
    return "arrived"


@app.action("linger", mode="async", retry=QUICK)
def linger(payload: dict[str, str], progress: Progress) -> str:
    """Run until the file `release` exists, or until it is cancelled, which it notes in `noted`."""
    progress.report(1, "lingering", pid=os.getpid())
    try:
        wait(progress, lambda: "release" in payload and Path(payload["release"]).exists())
    except Cancelled as cancelled:
        if "noted" in payload:
            Path(payload["noted"]).write_text(str(cancelled))
        raise
    return "released"


@app.action("die_once", mode="async", retry=QUICK)
def die_once(progress: Progress, context: RequestContext) -> dict[str, int]:
    """Wait for death in the first attempt, succeed in the second."""
    progress.report(50, "running", pid=os.getpid())
    if context.attempt == 1:
        wait(progress, lambda: False)
    return {"attempt": context.attempt}


@app.action("sleepwalk", mode="async", retry=QUICK)
def sleepwalk(
    payload: dict[str, str], progress: Progress, context: RequestContext
) -> dict[str, int]:
    """Be frozen in the first attempt and insist on succeeding after; the next one waits for it."""
    progress.report(50, "running", pid=os.getpid())
    if context.attempt == 1:
        _sleep_until_frozen()
        Path(payload["woke"]).touch()
    else:
        wait(progress, lambda: Path(payload["release"]).exists())
    return {"attempt": context.attempt}


@app.action("trespass", mode="async")
def trespass() -> dict[str, str]:
    """Try what the worker's role does not allow, and tell which error each try met."""
    import boto3  # takes a third of a second, which the other actions need not pay
    from botocore.exceptions import ClientError

    table = os.environ["CDK_STREAMER_TABLE_NAME"]
    tries = {
        "scan": lambda: boto3.client("dynamodb").scan(TableName=table),
        "delete_table": lambda: boto3.client("dynamodb").delete_table(TableName=table),
        "list_queues": lambda: boto3.client("sqs").list_queues(),
        "list_buckets": lambda: boto3.client("s3").list_buckets(),
    }
    met: dict[str, str] = {}
    for name, attempt in tries.items():
        try:
            attempt()
        except ClientError as error:
            met[name] = error.response["Error"]["Code"]
        else:
            met[name] = "allowed"
    return met


def _sleep_until_frozen() -> None:
    end = time.monotonic() + PATIENCE
    last = time.monotonic()
    while (now := time.monotonic()) - last < FROZEN and now < end:
        last = now
        time.sleep(0.02)
