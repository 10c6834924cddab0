"""Tasks in the order of their groups, some of which do not succeed at once."""

from __future__ import annotations

from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.streams import Stream, StreamApp, UnitOfWork
from handlers.history import append

app = StreamApp()


def check(uow: UnitOfWork) -> UnitOfWork:
    """Refuse what wants to be received once more."""
    thing = uow.event["thing"]
    if int(uow.record["attributes"]["ApproximateReceiveCount"]) < thing.get("receives", 1):
        raise Retryable(f"{thing['note']} comes too early")
    return uow


@app.pipeline("tasks", event_type="task-*")
def tasks(stream: Stream) -> Stream:
    """Note each task."""
    return stream.map(check).update(append)


handler = app.handler
