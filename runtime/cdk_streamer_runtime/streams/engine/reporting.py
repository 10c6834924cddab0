"""Who makes faults of failures, as far as the engine has to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.failure import Failure


class FaultReporter(Protocol):
    """Collects the failures of one invocation, and publishes them before it answers.

    It is given only failures of records that do not come again, in the order of the records.
    """

    def add(self, failure: Failure, /) -> None:
        """Take a failure that is to be a fault."""
        ...

    def publish(self, world: World, /) -> Sequence[Failure]:
        """Publish; give the failures that could not be: their records come again."""
        ...
