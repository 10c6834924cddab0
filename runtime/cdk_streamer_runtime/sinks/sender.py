"""Sends messages to a sink, from any function that its construct has granted that."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract.sinks import SinkAddress
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.sinks.outgoing import Outgoing
from cdk_streamer_runtime.sinks.sending import Sending


class Sender:
    """Sends to the ThrottledSink with that construct id."""

    def __init__(self, name: str) -> None:
        """Find it; raises ValueError when this function may not send to it."""
        self._sending = Sending(SinkAddress.from_variables(name), _client(), Machine())

    def send(self, records: Iterable[Outgoing | Any]) -> None:
        """Send records, or JSON values as the data of such; raises NotSent when some are not taken.

        What is no JSON, too large or without its place in a FIFO sink raises ValueError or
        TypeError before anything is sent.
        """
        self._sending.send(records)


@lru_cache(maxsize=1)
def _client() -> LeanClient:
    return LeanClient()
