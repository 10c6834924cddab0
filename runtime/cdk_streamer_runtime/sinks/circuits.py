"""The row of a sink's circuit: read as it is now, written only over what was read."""

from __future__ import annotations

from cdk_streamer_runtime.contract.sinks import SinkRow
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.sinks.rows import row_key
from cdk_streamer_runtime.sinks.standing import Standing


class Circuits:
    """How a sink stands, in its table; what is asked of it raises AwsError."""

    def __init__(self, table: Table) -> None:
        """Take the sink's table."""
        self._table = table
        self._key = row_key(SinkRow.CIRCUIT)

    def read(self) -> Standing:
        """Give how it stands now."""
        return Standing.read(self._table.get(self._key))

    def write(self, before: Standing, after: Standing) -> Standing | None:
        """Store what has become of `before`; give what somebody else has stored meanwhile.

        That may have been this very call, if its answer was lost.
        """
        condition, values = "attribute_not_exists(#version)", dict[str, object]()
        if before.version:
            condition, values = "#version = :version", {":version": before.version}
        try:
            self._table.put(
                {**self._key, **after.row()},
                condition=condition,
                names={"#version": "version"},
                values=values,
            )
        except ConditionFailed as failure:
            return Standing.read(failure.item)
        return None

    def note(self, standing: Standing, *, paused: bool, waker: int) -> Standing | None:
        """Note what was seen to, if it still stands so; else give how it stands."""
        try:
            self._table.update(
                self._key,
                "SET paused = :paused, waker = :waker",
                condition="#version = :version"
                if standing.version
                else "attribute_not_exists(#version)",
                names={"#version": "version"},
                values={
                    ":paused": paused,
                    ":waker": waker,
                    **({":version": standing.version} if standing.version else {}),
                },
                returns="NONE",
            )
        except ConditionFailed as failure:
            return Standing.read(failure.item)
        return None
