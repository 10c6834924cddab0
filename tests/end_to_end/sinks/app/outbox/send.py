"""Sends what it is told to."""

from cdk_streamer_runtime.sinks import Outgoing, Sender


def handler(event: dict, _context: object) -> None:
    Sender(event["sink"]).send(Outgoing(**each) for each in event["records"])
