"""What happened and what functions said, the latest of it, numbered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

KEPT = 4000


class EntryKind(StrEnum):
    """What an entry is about."""

    LINE = "line"  # a function printed or logged it
    FAILED = "failed"  # a handler raised, or cannot be imported
    ENDED = "ended"  # an invocation is over
    EXPLAINED = "explained"  # why something failed, and what to do
    CHAOS = "chaos"  # bad luck that was asked for
    SYSTEM = "system"  # the command itself: deployed, reloaded, kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One of them; `function` is its name in the app, empty for what concerns all."""

    number: int
    time: float
    kind: EntryKind
    function: str
    text: str
    level: str = ""
    request: str = ""
    members: dict[str, Any] = field(default_factory=dict[str, Any])
    traceback: str = ""
    seconds: float | None = None


class Journal:
    """Keeps the latest entries; whoever follows waits for what comes."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._changed = threading.Condition()
        self._next = 1

    def add(self, kind: EntryKind, time: float, **members: Any) -> None:  # noqa: ANN401 - Entry's own
        """Put one in."""
        with self._changed:
            entry = Entry(number=self._next, kind=kind, time=time, **members)
            self._next += 1
            self._entries.append(entry)
            self._changed.notify_all()

    def after(self, number: int) -> Sequence[Entry]:
        """Give the entries after this number, as far as they are kept."""
        with self._changed:
            newer = self._next - 1 - number
            if newer <= 0:
                return ()
            return list(self._entries)[-newer:]

    def wait(self, number: int, seconds: float) -> bool:
        """Wait until there is one after this number, or so long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._next - 1 > number, seconds)
