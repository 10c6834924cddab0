"""What a sink delivers to."""

from __future__ import annotations

from cdk_streamer_runtime.sinks import Sink, SinkRecord

sink = Sink()


@sink.deliver
def deliver(record: SinkRecord) -> None:
    """Take everything."""
    del record
