"""Whether an order was paid and packed within ten minutes."""

from __future__ import annotations

from datetime import timedelta

from cdk_streamer_runtime.streams import StreamApp, UnitOfWork, rules

PROMISE = timedelta(minutes=10)
HALVES = {"order-paid", "order-packed"}


def is_complete(uow: UnitOfWork) -> bool:
    """Tell whether both halves have happened, in whichever order."""
    return {event.type for event in uow.correlated} >= HALVES


def is_late(uow: UnitOfWork) -> bool:
    """Tell whether both have happened, and one of them long after the other."""
    moments = [event.timestamp for event in uow.correlated]
    return is_complete(uow) and max(moments) - min(moments) > PROMISE.total_seconds() * 1000


app = StreamApp(
    rules=[
        rules.Evaluate(
            id="ready",
            event_type=sorted(HALVES),
            expression=is_complete,
            within=PROMISE,
            emit="order-ready",
        ),
        rules.Evaluate(id="late", event_type=sorted(HALVES), expression=is_late, emit="order-late"),
    ]
)
handler = app.handler
