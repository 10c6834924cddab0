"""One thing that is followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cdk_streamer_client.chunks import Stream
from cdk_streamer_client.messages import Completed, Stored
from cdk_streamer_client.session.links import Link
from cdk_streamer_client.session.outputs import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request as it is sent; `idempotent` says that running it twice does no harm."""

    id: str
    action: str
    text: str
    prefer: str | None = None
    idempotent: bool = False


class Phase(StrEnum):
    """What the client knows of a request."""

    WAITING = "waiting"  # not sent
    ASKED = "asked"  # sent, without an answer
    DOUBTED = "doubted"  # sent, and the answer will not come
    FOLLOWED = "followed"  # the service has it
    ENDING = "ending"  # it has ended, and some of it is still to be fetched


class Search(StrEnum):
    """How it stands with chunks that are missing."""

    IDLE = "idle"  # none is
    ASKED = "asked"  # an answer is due
    PAUSED = "paused"  # they are asked for again later


@dataclass(slots=True, kw_only=True, eq=False)
class Topic:
    """A request or a channel. `seq` is the highest number that was heard.

    `tries` counts how often in a row it was asked in vain for what is to be fetched.
    """

    subject: Subject
    phase: Phase
    submission: Submission | None = None
    link: Link | None = None
    seq: int = -1
    stream: Stream = field(default_factory=Stream)
    ending: Completed | Stored | None = None
    tries: int = 0
    search: Search = Search.IDLE
