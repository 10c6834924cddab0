"""What changed in the table of orders becomes events for everybody."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.streams import StreamApp, UnitOfWork, rules

MOMENTS = {"placed_at": "order-placed", "paid_at": "order-paid", "packed_at": "order-packed"}


def to_event(uow: UnitOfWork) -> dict[str, Any] | None:
    """Tell what happened to the order: what it has a moment of that it did not have before."""
    images = uow.event.raw
    new, old = images["new"], images.get("old", {})
    happened = [name for name in MOMENTS if name in new and name not in old]
    if not happened:
        return None
    moment = max(happened, key=lambda name: new[name])
    order = {name: value for name, value in new.items() if name not in {"pk", "sk"}}
    return {
        "type": MOMENTS[moment],
        "timestamp": new[moment],
        "order": {"id": new["pk"], **order},
    }


app = StreamApp(
    rules=[
        rules.Cdc(
            id="publish",
            event_type=["order-created", "order-updated"],
            to_event=to_event,
            emitted_types=tuple(MOMENTS.values()),
        )
    ]
)
handler = app.handler
