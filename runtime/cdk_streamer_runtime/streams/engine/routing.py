"""Who knows which pipelines an event is for, as far as the engine has to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline


class Routing(Protocol):
    """Routes events; what else a pipeline asks for is its `accepts`, which the engine calls."""

    @property
    def source(self) -> str:
        """Whose events are only for pipelines that ask for them: the `source` of our own."""
        ...

    def route(self, event_type: str, /) -> Sequence[Pipeline]:
        """Give the pipelines that take events of this type, in the order of the app."""
        ...

    def route_event(self, event: Event, /) -> Sequence[Pipeline]:
        """Give the pipelines that take this event, by its tags too."""
        ...
