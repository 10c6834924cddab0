"""Works in steps, sleeps, and waits for an answer."""

import os
import signal
from pathlib import Path

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event: dict, context: DurableContext) -> dict:
    """Tell what was done, each thing once."""
    numbers = [context.step(lambda _, n=n: n * n, name=f"square-{n}") for n in (1, 2, 3)]
    if "die_once" in event:
        die_once(Path(event["die_once"]))
    context.wait(Duration.from_seconds(1), name="pause")
    if not event.get("ask"):
        return {"numbers": numbers}
    callback = context.create_callback(name="ask")
    context.step(lambda _: print("asked", callback.callback_id), name="tell")
    return {"numbers": numbers, "answer": callback.result()}


def die_once(mark: Path) -> None:
    """End the worker as a crash does, the first time."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
