"""What is wrong with a payload."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer_runtime.errors import StreamerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong; `path` is a JSON Pointer, "" for the payload itself."""

    path: str
    message: str


class InvalidInput(StreamerError):
    """A payload is not what its action takes; `faults` goes to the client."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "; ".join(f"{fault.path or 'payload'} {fault.message}" for fault in self.faults)
