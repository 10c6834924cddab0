"""What can be wrong with what somebody wants of timers.

TimerError                    of errors.StreamerError
    TimerFaults               a body, a query or an id is wrong; carries each fault with its place
        Malformed             it could not even be read
        InvalidTimer          it was read, and no timer can be so
        TooLarge              its data, or the whole body
    UnsupportedBody           the body is not said to be JSON
    TimerNotFound             there is none, or it is another owner's
    PreconditionFailed        If-Match or If-None-Match does not hold
    TimerUnavailable          nobody's fault: the same again, a little later, will do
    BatchRefused              none of several was written; carries what is wrong with which
        FiringsUnsent         some firings were not taken by the queue, perhaps all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdk_streamer_runtime.errors import StreamerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where: in the body, by RFC 6901, in the URL or in a header.

    The pointer "" is the whole body.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.header or self.parameter or self.pointer or "body"


class TimerError(StreamerError):
    """What somebody wants of a timer is not done."""


class TimerFaults(TimerError):
    """It is wrong in these places; nothing was stored."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.place}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


class Malformed(TimerFaults):
    """No JSON, no query or no id."""


class InvalidTimer(TimerFaults):
    """JSON that cannot be a timer."""


class TooLarge(TimerFaults):
    """It takes more bytes than a timer may have."""


class UnsupportedBody(TimerError):
    """The body is of another media type than JSON."""

    def __init__(self, content_type: str | None) -> None:
        got = "none" if content_type is None else repr(content_type[:64])
        super().__init__(f"content-type must be application/json, got {got}")


class TimerNotFound(TimerError):
    """There is no such timer; one of another owner counts as none."""


class PreconditionFailed(TimerError):
    """The timer is not at the revision that was named."""


class TimerUnavailable(TimerError):
    """Stored or not, the same call has to be repeated: it is harmless, and completes what lacks."""


class FiringsUnsent(TimerUnavailable):
    """Some firings were not taken by the queue, perhaps all; `code` tells why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"some firings could not be sent: {code}")
        self.code = code


class BatchRefused(TimerError):
    """Nothing of a batch was written; `errors` is why, by the index of the entry."""

    def __init__(self, errors: Mapping[int, TimerError]) -> None:
        super().__init__(f"entries that could not be written: {len(errors)}")
        self.errors = errors
