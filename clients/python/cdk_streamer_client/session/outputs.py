"""What a Session asks to be done, and what it has to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_client.messages import Message


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be followed: a request or a channel."""

    request_id: str | None = None
    channel: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Give what the protocol's actions call it."""
        if self.request_id is not None:
            return {"request_id": self.request_id}
        return {"channel": self.channel}


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Open a connection, with a fresh token, and call it by this number."""

    link: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a text frame."""

    link: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a connection; nothing more is expected of it."""

    link: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A connection was greeted and is used from now on."""

    link: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something was heard of a subject; after Completed or Failed nothing follows."""

    subject: Subject
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call has its answer: data, or an error."""

    call: str
    data: Any = None
    error: StreamerClientError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Read what is at an address, `size` bytes, and call it by this number.

    What was fetched goes to `fetched`, and why it could not be to `unfetched`. It is of no use
    any more once the subject was left or has ended.
    """

    fetch: int
    subject: Subject
    url: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something was wrong that the session can live with."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The session is over: nothing is sent or heard any more."""

    error: StreamerClientError


Output = Open | Send | Close | Ready | Heard | Answered | Fetch | Warned | Ended
