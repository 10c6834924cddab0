"""The actions: store the receipts of an archive, through the sink or without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext

from . import images
from .batch import batch

app = AsyncApp()
HOUR = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An uploaded zip file of images."""

    upload: str


@app.action("store_receipts", mode="async", executor="durable", input=Archive, timeout=HOUR)
def store_receipts(payload: Archive, progress: Progress, context: RequestContext) -> Any:  # noqa: ANN401 - JSON
    """Read the images in parallel, and give what they say to the sink."""
    folder = unpacked(payload, progress, context)
    return batch.run("Receipts", {"folder": folder}, context=context, progress=progress)


@app.action("store_at_once", mode="async", executor="durable", input=Archive, timeout=HOUR)
def store_at_once(payload: Archive, progress: Progress, context: RequestContext) -> Any:  # noqa: ANN401 - JSON
    """Do the same without the sink: what the demo shows to fail."""
    folder = unpacked(payload, progress, context)
    return batch.run("AtOnce", {"folder": folder}, context=context, progress=progress)


def unpacked(payload: Archive, progress: Progress, context: RequestContext) -> str:
    """Put the images where the readers find them; gives the folder, that of this request."""
    folder = f"images/{context.request_id}"
    progress.report(0, "Unpacking", step="unpack")

    def unpack() -> int:
        with context.upload(payload.upload).open() as archive:
            return images.unpack(archive, folder)

    context.step("unpack", unpack)
    return folder
