"""Actions that give more than a message holds, or that read what a client uploaded."""

from __future__ import annotations

import hashlib
from typing import Any

from cdk_streamer_runtime import Progress, RequestContext

from .application import app


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
