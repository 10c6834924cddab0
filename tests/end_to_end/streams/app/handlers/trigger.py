"""What changes in the table of commands becomes events."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.streams import StreamApp, UnitOfWork, rules


def to_event(uow: UnitOfWork) -> dict[str, Any]:
    """Tell of the new item, with a text as often as it says."""
    new = uow.event.raw["new"]
    text = new.get("text", "") * int(new.get("times", 1))
    thing = {"id": new["pk"], "number": new["number"], "note": new["note"], "text": text}
    return {"timestamp": new["timestamp"], "thing": thing}


app = StreamApp(
    rules=[
        rules.Cdc(
            id="publish", event_type=["command-created", "command-updated"], to_event=to_event
        )
    ]
)
handler = app.handler
