"""How often messages of a FIFO sink have failed themselves, after they were received so often."""

from __future__ import annotations

from cdk_streamer_runtime.contract.sinks import SinkRow
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.sinks.rows import row_key
from cdk_streamer_runtime.sinks.world import Platform

_KEPT = 8 * 24 * 3_600  # seconds: a day more than a message is


class Failures:
    """Counts in the sink's table, one row a message; raises AwsError.

    Receives do not tell it: what waits behind another one is received as often as that is.
    """

    def __init__(self, table: Table, platform: Platform) -> None:
        """Take the sink's table."""
        self._table = table
        self._platform = platform

    def add(self, message: str) -> int:
        """Count one more of a message, by its id; give how many there are."""
        row = self._table.update(
            row_key(SinkRow.DELIVERY, f"failures of {message}"),
            "SET #ttl = :ttl ADD failures :one",
            names={"#ttl": "ttl"},
            values={":ttl": self._platform.clock() // 1000 + _KEPT, ":one": 1},
            returns="UPDATED_NEW",
        )
        return int(row["failures"])
