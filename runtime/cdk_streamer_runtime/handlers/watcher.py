"""Lambda entry point of the watch queue."""

from __future__ import annotations

import logging
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import WatcherEnvironment
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.requests.queues import WorkMessage

_logger = logging.getLogger(__name__)
_settings = WatcherEnvironment.from_variables()
_metrics = Metrics(_settings.name)
_watcher = in_lambda().watcher(_settings, _metrics)


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Look at each request; messages of those that have not ended stay, hidden for a while."""
    try:
        kept = [record["messageId"] for record in event["Records"] if not _handle(record)]
    finally:
        _metrics.flush()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in kept]}


def _handle(record: dict[str, Any]) -> bool:
    try:
        message = WorkMessage.from_body(record["body"])
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        sent_at = int(record["attributes"].get("SentTimestamp", 0)) or None
        return _watcher.handle(message, record["receiptHandle"], receives, sent_at)
    except Exception:  # one that cannot be looked at must not keep the others from their watch
        _logger.exception("request not looked at", extra={"message_id": record["messageId"]})
        return False
