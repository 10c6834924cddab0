"""What a page that is open hears: each panel that it watches, whenever that changed, and lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from cdk_streamer_local.console.encoding import encoded
from cdk_streamer_local.console.journal import Journal
from cdk_streamer_local.console.panel import Panel
from cdk_streamer_local.console.running import Running

LINES = "lines"  # what a page watches to hear what is said
_BEAT_SECONDS = 0.25
_BREATH_SECONDS = 0.1  # lines that come one by one are told together
_SILENCE_SECONDS = 15.0  # then a page is told that it still hears


class Reader:
    """Looks at one panel for all pages, no more often than it wants."""

    def __init__(self, panel: Panel, running: Callable[[], Running | None]) -> None:
        self.panel = panel
        self._running = running
        self._lock = threading.Lock()
        self._due = 0.0
        self._seen: tuple[str, str] | None = None

    def look(self) -> tuple[str, str] | None:
        """Give the kind of news and its text: the panel, or why it cannot be shown."""
        with self._lock:
            running = self._running()
            now = time.monotonic()
            if running is not None and now >= self._due:
                self._seen = self._look(running)
                # From the end: a panel that takes long does not take all the time.
                self._due = time.monotonic() + self.panel.seconds
            return self._seen

    def forget(self) -> None:
        """Look at once the next time: something was done."""
        self._due = 0.0

    def _look(self, running: Running) -> tuple[str, str]:
        try:
            return "panel", encoded({"panel": self.panel.name, "data": self.panel.read(running)})
        # Whatever one panel cannot read, as a table that is just replaced, is said in its place;
        # the others are shown.
        except Exception as fault:  # noqa: BLE001
            cause = f"{type(fault).__name__}: {fault}"
            return "fault", encoded({"panel": self.panel.name, "cause": cause})


def news(
    readers: Mapping[str, Reader],
    journal: Journal,
    wanted: Sequence[str],
    last: int,
    is_open: Callable[[], bool],
) -> Iterator[str]:
    """Give events for one page, in the form of server-sent events, while it is open.

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    watched = [readers[name] for name in wanted if name in readers]
    sent: dict[str, str] = {}
    heard = time.monotonic()
    yield _event("hello", "{}")
    while is_open():
        told = list(_changes(watched, sent))
        if LINES in wanted and (entries := journal.after(last)):
            last = entries[-1].number
            told.append(_event(LINES, encoded(entries), id=last))
        now = time.monotonic()
        if not told and now - heard > _SILENCE_SECONDS:
            told.append(": still here\n\n")
        if told:
            heard = now
            yield "".join(told)
        if LINES in wanted:
            if journal.wait(last, _BEAT_SECONDS):
                time.sleep(_BREATH_SECONDS)
        else:
            time.sleep(_BEAT_SECONDS)


def _changes(watched: Sequence[Reader], sent: dict[str, str]) -> Iterator[str]:
    for reader in watched:
        seen = reader.look()
        if seen is not None and sent.get(reader.panel.name) != seen[1]:
            sent[reader.panel.name] = seen[1]
            yield _event(*seen)


def _event(kind: str, text: str, *, id: int | None = None) -> str:
    number = "" if id is None else f"id: {id}\n"
    return f"{number}event: {kind}\ndata: {text}\n\n"
