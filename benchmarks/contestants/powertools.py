"""Powertools' BatchProcessor, which can do the listener's work for one kind of event."""

from __future__ import annotations

import importlib
import os

from benchmarks.contestants.calls import Calls, boto3_calls
from benchmarks.contestants.plain import update_request
from benchmarks.contestants.worker import Counted, Handler, Task
from cdk_streamer_runtime.streams.json_text import Json

TYPES = {"thing-created", "thing-updated"}


def contestant(task: Task) -> tuple[Handler, Counted]:
    """Give its processor."""
    os.environ["POWERTOOLS_TRACE_DISABLED"] = "true"
    batch = importlib.import_module("aws_lambda_powertools.utilities.batch")
    calls = boto3_calls() if task.mode == "client" else Calls()
    processor = batch.BatchProcessor(event_type=batch.EventType.KinesisDataStreams)

    def handle(record: Json) -> None:
        event = record.kinesis.data_as_json()
        if event["type"] in TYPES:
            calls.update(update_request(event, "thing"))

    def handler(event: Json) -> object:
        return batch.process_partial_response(
            event=event, record_handler=handle, processor=processor, context=None
        )

    return handler, calls
