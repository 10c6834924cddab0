"""What users' tests need: their app, and AWS, in memory."""

from cdk_streamer_runtime.memory import (
    IndexSchema,
    MemoryAws,
    MemoryConnections,
    QueueSchema,
    TableSchema,
)
from cdk_streamer_runtime.memory.api import MemoryApi
from cdk_streamer_runtime.memory.batches import MemoryBatch
from cdk_streamer_runtime.memory.client import TestClient
from cdk_streamer_runtime.memory.http import HttpAnswer
from cdk_streamer_runtime.memory.processor import MemoryProcessor
from cdk_streamer_runtime.memory.sinks import MemorySink, RejectedRecord
from cdk_streamer_runtime.memory.timers import FakeTimerService
from cdk_streamer_runtime.memory.webhooks import MemoryReceiver, Webhook

__all__ = [
    "FakeTimerService",
    "HttpAnswer",
    "IndexSchema",
    "MemoryApi",
    "MemoryAws",
    "MemoryBatch",
    "MemoryConnections",
    "MemoryProcessor",
    "MemoryReceiver",
    "MemorySink",
    "QueueSchema",
    "RejectedRecord",
    "TableSchema",
    "TestClient",
    "Webhook",
]
