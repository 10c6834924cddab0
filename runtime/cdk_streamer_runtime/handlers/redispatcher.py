"""Lambda entry point of what the stream gave up on."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import DispatcherEnvironment
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.requests.dispatcher import Dispatcher, LostRecords

_logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _dispatcher() -> Dispatcher:
    return in_lambda().dispatcher(DispatcherEnvironment.from_variables())


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Read the records again and send their work; what fails again stays in the queue."""
    failed = [message["messageId"] for message in event["Records"] if not _repeat(message)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _repeat(message: dict[str, Any]) -> bool:
    try:
        pointer = decode(message["body"])["DDBStreamBatchInfo"]
        return not _dispatcher().dispatch(LostRecords(in_lambda().aws).read(pointer))
    except Exception:  # records that are lost must not take others along
        _logger.exception("records not dispatched", extra={"message_id": message["messageId"]})
        return False
