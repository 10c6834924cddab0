"""What becomes of a firing's message."""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    """What becomes of a firing's message."""

    RUN = auto()
    DROP = auto()
    WAIT = auto()  # another invocation is at it, and may fail yet
