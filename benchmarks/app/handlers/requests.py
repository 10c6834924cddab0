"""The actions that the benchmark times: each says when it spoke."""

import time

from cdk_streamer_runtime import AsyncApp, Progress

app = AsyncApp()


@app.action("echo")
def echo(payload: dict) -> dict:
    """Answer at once."""
    return payload | {"at": time.time()}


@app.action("ticks", mode="async", timeout=120)
def ticks(payload: dict, progress: Progress) -> dict:
    """Report at a steady rate for some seconds."""
    count, rate = payload["count"], payload["rate"]
    began = time.monotonic()
    for tick in range(count):
        progress.report(100 * tick / count, "tick", at=time.time(), number=tick)
        time.sleep(max(began + (tick + 1) / rate - time.monotonic(), 0))
    return {"at": time.time()}
