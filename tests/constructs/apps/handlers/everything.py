"""A pipeline for each thing that pipelines can do."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.streams import Stream, StreamApp

Json = Any


def nothing(uow: Json) -> None:
    """Ask for nothing."""
    del uow


app = StreamApp(rules=[])


@app.pipeline("reads", event_type=lambda name: name.startswith("thing-"))
def reads(stream: Stream) -> Stream:
    """Read everything that can be read."""
    return stream.get(nothing).query(nothing).batch_get(nothing).scan(nothing)


@app.pipeline("items", event_type="*")
def items(stream: Stream) -> Stream:
    """Write items in all ways."""
    written = stream.update(nothing).put(nothing).delete(nothing).batch_write(nothing)
    return written.transact(nothing, tables=("table", "other"))


@app.pipeline("messages", event_type="*")
def messages(stream: Stream) -> Stream:
    """Send to everything that takes messages."""
    sent = (
        stream.publish(nothing)
        .publish(nothing, bus="partners")
        .put_records(nothing, stream="records")
    )
    return (
        sent.send_messages(nothing, queue="orders")
        .publish_messages(nothing, topic="news")
        .report(nothing, channels="progress")
    )


@app.pipeline("services", event_type="*")
def services(stream: Stream) -> Stream:
    """Call everything that can be called."""
    return (
        stream.put_object(nothing, bucket="reports")
        .get_object(nothing, bucket="reports")
        .delete_object(nothing, bucket="reports")
        .invoke(nothing, function="worker")
        .create_schedule(nothing, group="reminders")
        .delete_schedule(nothing, group="reminders")
        .start_execution(nothing, machine="workflow")
        .call_http(nothing, url="https://api.example.com", authorization="token")
        .put_metrics(nothing, namespace="Orders")
    )


handler = app.handler
