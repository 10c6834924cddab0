"""Ours, stubbed where the peer is: above the encoding of DynamoDB's attribute values."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.contestants.ours import app_handler
from benchmarks.contestants.worker import Counted, Handler, Task
from cdk_streamer_runtime.streams.sinks import dynamodb


def contestant(task: Task) -> tuple[Handler, Counted]:
    """Give our app, whose table takes plain values."""
    dynamodb.marshal_item = plain  # type: ignore[assignment] - what this process is for
    return app_handler(task)


def plain(item: Mapping[str, object]) -> Mapping[str, object]:
    """Give the values as they are."""
    return item
