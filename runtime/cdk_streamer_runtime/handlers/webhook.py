"""Lambda entry point of the webhook queue."""

from __future__ import annotations

import logging
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import WebhookEnvironment
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.webhooks.assembly import deliveries
from cdk_streamer_runtime.webhooks.sender import HttpsSender

_logger = logging.getLogger(__name__)
_settings = WebhookEnvironment.from_variables()
_metrics = Metrics(_settings.name)
_deliveries = deliveries(in_lambda(), _settings, _metrics, HttpsSender())


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Call each webhook; messages of those that were called in vain stay, hidden for a while."""
    try:
        kept = [record["messageId"] for record in event["Records"] if not _handle(record)]
    finally:
        _metrics.flush()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in kept]}


def _handle(record: dict[str, Any]) -> bool:
    try:
        message = WorkMessage.from_body(record["body"])
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        return _deliveries.handle(message.key, record["receiptHandle"], receives)
    except Exception:  # one that cannot be read must not keep the others from their receivers
        _logger.exception("webhook not handled", extra={"message_id": record["messageId"]})
        return False
