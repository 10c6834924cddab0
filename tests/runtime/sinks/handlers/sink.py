"""A user's module."""

from __future__ import annotations

from cdk_streamer_runtime.sinks import Permanent, Sink, SinkRecord

sink = Sink()
other = Sink()
word = "no sink"


@sink.deliver
def deliver(record: SinkRecord) -> None:
    if record.body == "bad":
        raise Permanent("it is bad")
