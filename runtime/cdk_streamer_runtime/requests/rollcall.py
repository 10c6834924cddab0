"""Which of some requests are still open: the one truth that a limit can be healed from."""

from __future__ import annotations

from collections.abc import Collection

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.requests.items import item_key
from cdk_streamer_runtime.requests.transitions import TERMINAL


class RollCall:
    """Reads the states of many requests at once."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def ended(self, keys: Collection[str]) -> set[str]:
        """Give those that have ended, or that the table has forgotten."""
        items = self._table.get_all([item_key(key) for key in sorted(keys)], ("pk", "state"))
        return set(keys) - {item["pk"] for item in items if State(item["state"]) not in TERMINAL}
