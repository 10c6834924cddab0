"""Lambda entry point of a batch's schedule: one occurrence is one batch."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.batches.starting import scheduled_starter

_starter = scheduled_starter()


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Start the batch of an occurrence; the same occurrence again is the same batch."""
    return {"batch_id": _starter.start(event)}
