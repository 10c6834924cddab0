"""Mails as events; one without a recipient is a fault."""

from typing import Any

from cdk_streamer_runtime.streams import StreamApp, UnitOfWork, rules


def to_item(uow: UnitOfWork) -> dict[str, Any]:
    return {"pk": uow.event["to"], "sk": uow.event.id, "words": uow.event["words"]}


app = StreamApp(rules=[rules.Materialize(id="mailbox", event_type="mail-sent", to_update=to_item)])
handler = app.handler
