"""Into how many shards a table's timers were parted: written down once, and never otherwise.

With another number each timer would be sought in a shard where it does not lie: nothing would fire
any more, and nothing would look wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed, StreamerError
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import primary


class ShardsChanged(StreamerError):
    """The timers of the table lie in another number of shards than this function was told."""


class Layout:
    """What a function believes of its table, and whether the table agrees."""

    def __init__(self, table: Table, shards: int) -> None:
        """Take the timers' table, and the number of shards of the deployment."""
        self._table = table
        self._shards = shards
        self._is_agreed = False

    def verify(self) -> None:
        """Raise ShardsChanged if the table disagrees, and AwsError; asks it until it has agreed."""
        if self._is_agreed:
            return
        there = self._table.get(primary(keys.layout())) or self._written()
        if there["shards"] != self._shards:
            raise ShardsChanged(
                f"the table has its timers in {there['shards']} shards, and this is deployed with "
                f"{self._shards}; deploy it with shards={there['shards']}, or with a new table"
            )
        self._is_agreed = True

    def _written(self) -> Mapping[str, Any]:
        """Write it down, unless somebody was faster; give what is there."""
        item = {**primary(keys.layout()), "shards": self._shards}
        try:
            self._table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            return error.item or item
        return item
