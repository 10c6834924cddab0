"""Events for programs: one JSON object a line, its `event` the event's name in snake_case."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from typing import TextIO

from cdk_streamer_local.errors import LocalError
from cdk_streamer_local.events import Event


class JsonLines:
    """Writes events to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
        self._write({"event": name, **dataclasses.asdict(event)})

    def begin(self, _app: str) -> None:
        """Write nothing: the first event is the beginning."""

    def end(self) -> None:
        """Write nothing: the stream's end is the end."""

    def fail(self, fault: LocalError) -> None:
        """Write why nothing else follows."""
        self._write(
            {
                "event": "failed",
                "error": type(fault).__name__,
                "cause": fault.cause,
                "remedy": fault.remedy,
                "detail": fault.detail,
            }
        )

    def _write(self, members: dict[str, object]) -> None:
        with self._lock:
            self._stream.write(json.dumps(members) + "\n")
            self._stream.flush()
