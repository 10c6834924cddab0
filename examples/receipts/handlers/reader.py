"""The functions that a chunk is given to: they read its images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cdk_streamer_runtime.sinks import Outgoing, Sender

from . import images, ledger
from .receipt import Receipt, Unreadable

Event = Mapping[str, Any]


def handler(event: Event, _context: object) -> dict[str, list[str]]:
    """Send what the images say to the sink, which stores it when the database can bear it."""
    failed: list[str] = []
    found = list(_read(event, failed))
    sender().send(Outgoing(data=receipt.to_document(), key=key) for key, receipt in found)
    return {"failed": failed}


def direct(event: Event, _context: object) -> dict[str, list[str]]:
    """Store what the images say at once: as if there were nobody else."""
    failed: list[str] = []
    found = list(_read(event, failed))
    for _, receipt in found:
        ledger.store(receipt, sent_at=datetime.now(UTC))
    return {"failed": failed}


@cache
def sender() -> Sender:
    """Give the way to the sink that is kept from one call to the next."""
    return Sender("Ledger")


def _read(event: Event, failed: list[str]) -> Iterator[tuple[str, Receipt]]:
    for item in event["items"]:
        try:
            yield item["key"], Receipt.from_image(images.read(item["data"]))
        except Unreadable as error:
            print(json.dumps({"image": item["id"], "unreadable": str(error)}))
            failed.append(item["id"])
