"""Puts the parts of the webhook function together, for Lambda and for a test alike."""

from __future__ import annotations

from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import WebhookEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.notices import Notices
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.webhook_url import WebhookHosts
from cdk_streamer_runtime.sockets.posts import Counter
from cdk_streamer_runtime.webhooks.delivery import Deliveries
from cdk_streamer_runtime.webhooks.secret import Secret
from cdk_streamer_runtime.webhooks.sender import Sender


def deliveries(
    assembly: Assembly, settings: WebhookEnvironment, metrics: Counter, sender: Sender
) -> Deliveries:
    """Build what calls webhooks."""
    aws, clock = assembly.aws, assembly.platform.clock
    table, queue = Table(aws, settings.table_name), Queue(aws, settings.queue_url)
    results = assembly.results(settings.bucket_name)
    return Deliveries(
        store=RequestStore(
            table, retention=settings.retention_seconds, new_mark=assembly.platform.new_id
        ),
        notices=Notices(table, queue),
        queue=queue,
        hosts=WebhookHosts.from_text(settings.hosts),
        secret=Secret(aws, settings.secret_arn, clock),
        sender=sender,
        snapshot=lambda request: news.snapshot(request, None, clock(), results),
        metrics=metrics,
        clock=clock,
    )
