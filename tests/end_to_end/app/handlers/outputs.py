"""Actions that give more than a message holds, or that read what a client uploaded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from cdk_streamer_runtime import Progress, RequestContext, Retry, Retryable

from .application import app, wait


@app.action("boast", mode="async")
def boast() -> str:
    """Return more than a message may have."""
    return "x" * 200_000


@app.action("recite", mode="async")
def recite(payload: dict[str, Any], progress: Progress) -> int:
    """Put out so many chunks of so many characters."""
    for index in range(payload["chunks"]):
        progress.chunk({"line": index, "text": "x" * payload.get("size", 10)})
    return payload["chunks"]


@app.action("dictate", mode="async", retry=Retry(max_attempts=2, delay=0.1))
def dictate(payload: dict[str, Any], progress: Progress, context: RequestContext) -> str:
    """Put out half of the words, wait for the first gate, put out the rest, wait for the second.

    A dictation that `stumbles` fails in its first attempt, at its first gate.
    """
    words, (first, second) = payload["words"], payload["gates"]
    half = len(words) // 2
    for word in words[:half]:
        progress.chunk(word)
    progress.report(50, "half")
    wait(progress, Path(first).exists)
    if payload.get("stumbles") and context.attempt == 1:
        raise Retryable("once more")
    for word in words[half:]:
        progress.chunk(word)
    progress.report(99, "whole")
    wait(progress, Path(second).exists)
    return " ".join(words)


@app.action("survey", mode="async")
def survey(payload: dict[str, Any], progress: Progress) -> None:
    """Work in two steps, and wait at a gate in the midst of each."""
    first, second = (Path(gate) for gate in payload["gates"])
    steps = progress.steps({"load": 1, "render": 3})
    with steps["load"] as load:
        for row in load.track(range(4), message="Loading", unit="rows"):
            if row == 2:
                wait(progress, first.exists)
    with steps["render"] as render:
        render.report(50, "Half of it")
        wait(progress, second.exists)


@app.action("burst", mode="async")
def burst(progress: Progress) -> None:
    """Report far faster than anybody can be told."""
    for number in range(1, 1_001):
        progress.report(current=number, total=1_000)


@app.action("inspect")
def inspect(payload: dict[str, str], context: RequestContext) -> dict[str, Any]:
    """Tell what was uploaded."""
    upload = context.upload(payload["upload_id"])
    digest = hashlib.sha256(upload.read()).hexdigest()
    return {"size": upload.size, "type": upload.type, "sha256": digest}


@app.action("inspect_later", mode="async")
def inspect_later(payload: dict[str, str], context: RequestContext) -> dict[str, Any]:
    """Tell what was uploaded, part by part."""
    digest = hashlib.sha256()
    upload = context.upload(payload["upload_id"])
    with upload.open() as file:
        while part := file.read(1_000):
            digest.update(part)
    return {"size": upload.size, "type": upload.type, "sha256": digest.hexdigest()}


@app.action("share", mode="async")
def share(payload: dict[str, str], context: RequestContext) -> dict[str, str]:
    """Give an address of what was uploaded, and its last bytes."""
    upload = context.upload(payload["upload_id"])
    with upload.open() as file:
        file.seek(-4, 2)
        return {"url": upload.url(), "end": file.read().decode()}
