"""What users' tests need: AWS in memory."""

from cdk_streamer_runtime.memory import (
    IndexSchema,
    MemoryAws,
    MemoryConnections,
    QueueSchema,
    TableSchema,
)

__all__ = ["IndexSchema", "MemoryAws", "MemoryConnections", "QueueSchema", "TableSchema"]
