"""What the records of a stream are for: a view of things, and events about it."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.streams import StreamApp, rules

Uow = Any


def _thing(uow: Uow) -> dict[str, Any]:
    return {"pk": uow.event["partitionKey"], "sk": "thing", "name": uow.event["thing"]["name"]}


def _gone(uow: Uow) -> dict[str, Any]:
    return {"type": "thing-gone", "thing": uow.event["raw"]["old"]}


app = StreamApp(
    rules=[
        rules.Materialize(
            id="view", event_type=["thing-created", "thing-updated"], to_update=_thing
        ),
        rules.Cdc(id="tell", event_type="thing-deleted", to_event=_gone),
    ]
)
handler = app.handler
