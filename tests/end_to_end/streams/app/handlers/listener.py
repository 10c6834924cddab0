"""The rules of the data stream: a view, mails, an archive, pairs, and things that go wrong."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.streams import (
    Stream,
    StreamApp,
    UnitOfWork,
    lock_of,
    rules,
    timestamp_condition,
    update_expression,
)
from handlers.history import append


def to_view(uow: UnitOfWork) -> dict[str, Any]:
    """Give the item of a thing; one without a number is a fault."""
    thing = uow.event["thing"]
    return {"pk": thing["id"], "sk": "view", "number": thing["number"], "note": thing["note"]}


def to_guarded(uow: UnitOfWork) -> dict[str, Any]:
    """Give the item, if somebody has allowed it; otherwise fail as the event wants it."""
    thing = uow.event["thing"]
    if uow.get_response is None:
        if thing["otherwise"] == "comes again":
            raise Retryable(f"{thing['note']} is not allowed yet")
        raise LookupError(f"{thing['note']} is not allowed")
    return {
        "pk": thing["id"],
        "sk": "guarded",
        "number": thing["number"],
        "email": thing.get("email"),
    }


app = StreamApp(
    rules=[
        rules.Materialize(id="view", event_type="thing-told", to_update=to_view),
        rules.Update(
            id="guarded",
            event_type="thing-guarded",
            get_request=lambda uow: {
                "Key": {"pk": uow.event["thing"]["id"], "sk": "allowed"},
            },
            consistent=True,
            to_update=to_guarded,
        ),
        rules.Collect(
            id="collect",
            event_type=["pair-left", "pair-right"],
            correlation_key="thing.id",
            ttl=timedelta(days=2),
            table="store",
        ),
    ],
    redact=["thing.email"],
)


@app.pipeline("history", event_type="thing-changed")
def history(stream: Stream) -> Stream:
    """Note each change."""
    return stream.update(append)


@app.pipeline("mail", event_type="mail-*")
def mail(stream: Stream) -> Stream:
    """Write to somebody."""
    return stream.send_messages(lambda uow: {"MessageBody": uow.event["thing"]}, queue="mails")


@app.pipeline("archive", event_type="mail-*")
def archive(stream: Stream) -> Stream:
    """Keep what was written."""
    return stream.put_object(
        lambda uow: {"Key": f"mails/{uow.event['thing']['id']}", "Body": uow.event["thing"]},
        bucket="archive",
    )


def linger(uow: UnitOfWork) -> None:
    """Stay here until somebody wants it otherwise; the second time pass."""
    thing = uow.event["thing"]
    reached, release = Path(thing["reached"]), Path(thing["release"])
    if reached.exists():
        return
    reached.touch()
    while not release.exists():
        time.sleep(0.01)


def to_lingered(uow: UnitOfWork) -> dict[str, Any]:
    """Write the view by hand, with the lock."""
    item = {"number": uow.event["thing"]["number"], **lock_of(uow)}
    key = {"pk": uow.event["thing"]["id"], "sk": "view"}
    return {"Key": key, **update_expression(item, timestamp_condition(item))}


@app.pipeline("lingering", event_type="thing-lingering")
def lingering(stream: Stream) -> Stream:
    """Stand in the middle of a batch."""
    return stream.call(linger, into="lingered").update(to_lingered)


@app.pipeline("slow", event_type="thing-slow")
def slow(stream: Stream) -> Stream:
    """Take some time for each."""
    return stream.call(lambda uow: time.sleep(uow.event["thing"]["seconds"]), into="slept").update(
        append
    )


handler = app.handler
