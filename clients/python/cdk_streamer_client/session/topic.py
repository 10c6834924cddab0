"""One thing that is followed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(slots=True, kw_only=True, eq=False)
class Topic:
    """A request or a channel. `seq` is the highest number that was heard."""

    subject: Subject
    phase: Phase
    submission: Submission | None = None
    link: Link | None = None
    seq: int = -1
