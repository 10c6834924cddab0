"""Two halves make a pair."""

from __future__ import annotations

from cdk_streamer_runtime.streams import StreamApp, UnitOfWork, rules

HALVES = {"pair-left", "pair-right"}


def is_whole(uow: UnitOfWork) -> bool:
    """Tell whether both are there."""
    return {event.type for event in uow.correlated} >= HALVES


app = StreamApp(
    rules=[
        rules.Evaluate(
            id="whole", event_type=sorted(HALVES), expression=is_whole, emit="pair-whole"
        )
    ]
)
handler = app.handler
