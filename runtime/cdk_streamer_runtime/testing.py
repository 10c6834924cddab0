"""What users' tests need: their app, and AWS, in memory."""

from cdk_streamer_runtime.memory import (
    IndexSchema,
    MemoryAws,
    MemoryConnections,
    QueueSchema,
    TableSchema,
)
from cdk_streamer_runtime.memory.api import MemoryApi
from cdk_streamer_runtime.memory.client import TestClient

__all__ = [
    "IndexSchema",
    "MemoryApi",
    "MemoryAws",
    "MemoryConnections",
    "QueueSchema",
    "TableSchema",
    "TestClient",
]
