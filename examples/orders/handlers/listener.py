"""A view of orders in euros, and what happened to each order, kept until both halves are there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handlers.currencies import EUROS

from cdk_streamer_runtime.streams import StreamApp, UnitOfWork, rules


def to_view(uow: UnitOfWork) -> dict[str, Any]:
    """Give the item of an order; a currency that nobody knows is a fault."""
    order = uow.event["order"]
    return {
        "pk": order["id"],
        "sk": "order",
        "state": uow.event.type.removeprefix("order-"),
        "customer": order["customer"],
        "euros": round(order["cents"] * EUROS[order["currency"]]) / 100,
    }


def to_promise(uow: UnitOfWork) -> dict[str, Any]:
    """Give the item that says whether an order was ready in time."""
    return {
        "pk": uow.event["order"]["id"],
        "sk": "promise",
        "kept": uow.event.type == "order-ready",
    }


app = StreamApp(
    rules=[
        rules.Materialize(
            id="view",
            event_type=["order-placed", "order-paid", "order-packed"],
            to_update=to_view,
            discriminator="view",
        ),
        rules.Materialize(
            id="promise",
            event_type=["order-ready", "order-late"],
            to_update=to_promise,
            discriminator="promise",
        ),
        rules.Collect(
            id="collect",
            event_type=["order-paid", "order-packed"],
            correlation_key="order.id",
            ttl=timedelta(days=2),
        ),
    ]
)
handler = app.handler
