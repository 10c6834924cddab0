"""AWS in memory, for tests; `cdk_streamer_runtime.testing` gives these names to users."""

from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.connections import MemoryConnections
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.tables import IndexSchema, TableSchema

__all__ = ["IndexSchema", "MemoryAws", "MemoryConnections", "QueueSchema", "TableSchema"]
