"""Who fetches what an event has left somewhere else, as far as the engine has to know."""

from __future__ import annotations

from typing import Protocol

from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.uow import UnitOfWork


class Redemption(Protocol):
    """Makes events whole that are only a claim check."""

    def is_claim(self, event: Event, /) -> bool:
        """Tell whether the event has to be fetched; asked for each event, so it must be quick."""
        ...

    def redeem(self, uow: UnitOfWork, world: World, /) -> UnitOfWork:
        """Give the unit of work with the whole event; called in lanes, like any call."""
        ...
