"""The connections of a session: opened, greeted, kept alive, replaced in time, reopened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Protocol

from cdk_streamer_client.errors import HandshakeRefused, StreamerClientError, Unreachable
from cdk_streamer_client.session.greeting import Greeting
from cdk_streamer_client.session.outputs import Close, Open, Output, Ready, Send, Warned
from cdk_streamer_client.session.timers import Timers
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.wire import OWN_PREFIX, encode

# One id for all: a connection is greeted once, and tells its own greeting apart.
HELLO_ID = f"{OWN_PREFIX}hello"

_REFUSED = frozenset({401, 403})
_PASSING = frozenset({408, 429})  # of the client errors those that another try may not meet


class Stage(StrEnum):
    """How far a connection is."""

    OPENING = "opening"
    GREETING = "greeting"
    READY = "ready"
    DRAINING = "draining"  # replaced, but some answers are still due on it


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """One connection."""

    number: int
    stage: Stage = Stage.OPENING
    heard_at: int = 0


class Events(Protocol):
    """Who must know what becomes of connections."""

    def link_ready(self, now: int) -> None:
        """Use the new current link."""
        ...

    def link_lost(self, link: Link, now: int) -> None:
        """Expect nothing more on this link."""
        ...

    def ping_due(self, now: int) -> None:
        """Ping on the current link."""
        ...

    def gave_up(self, error: StreamerClientError, now: int) -> None:
        """Know that there will be no link any more."""
        ...


class Links:
    """Sees to it that one link is current; `refreshable` says that each gets a new token."""

    def __init__(
        self,
        *,
        timing: Timing,
        timers: Timers,
        uniform: Callable[[], float],
        refreshable: bool,
        emit: Callable[[Output], None],
        events: Events,
    ) -> None:
        self.current: Link | None = None
        self._next: Link | None = None
        self._draining: dict[int, Link] = {}
        self._count = 0
        self._failures = 0
        self._refusals = 0
        self._was_ready = False
        self._timing = timing
        self._timers = timers
        self._uniform = uniform
        self._refreshable = refreshable
        self._emit = emit
        self._events = events

    @property
    def draining(self) -> tuple[Link, ...]:
        """The links that were replaced and may still bring answers."""
        return tuple(self._draining.values())

    def find(self, number: int) -> Link | None:
        """Give a link that is still of interest."""
        known = [link for link in (self.current, self._next, *self._draining.values()) if link]
        return next((link for link in known if link.number == number), None)

    def open(self, _now: int = 0) -> None:
        """Ask for a connection, unless one is on its way."""
        if self._next is None:
            self._timers.clear("open")
            self._count += 1
            self._next = Link(number=self._count)
            self._emit(Open(link=self._count))

    def replace(self, now: int, *, token: bool = False) -> None:
        """Open the link that replaces the current one; no use when its token cannot be new."""
        if self._refreshable or not token:
            self.open(now)

    def opened(self, number: int, now: int) -> None:
        """Greet on the connection that was opened."""
        link = self._next
        if link is None or link.number != number or link.stage is not Stage.OPENING:
            return
        link.stage = Stage.GREETING
        self._emit(Send(link=number, text=encode("hello", HELLO_ID)))
        silence = partial(self.drop, link, reason="the service did not answer hello")
        self._timers.set(("hello", number), now + self._timing.answer, silence)

    def greeted(self, link: Link, greeting: Greeting, now: int) -> None:
        """Make the link that was greeted the current one, and let the one before it drain."""
        previous, self.current, self._next = self.current, link, None
        link.stage = Stage.READY
        self._was_ready = True
        self._refusals = 0
        self._timers.clear(("hello", link.number))
        self._timers.set("stable", now + self._timing.stable, self._proven)
        self._ping_later(self._timing.heartbeat(greeting.heartbeat_seconds), now)
        left = greeting.token_left if self._refreshable else None
        age = self._timing.replacement(left, self._uniform())
        self._timers.set("replace", now + age, self.replace)
        if previous is not None:
            self._drain(previous, now)
        self._emit(Ready(link=link.number))
        self._events.link_ready(now)

    def failed(self, number: int, now: int, reason: str, status: int | None = None) -> None:
        """Take that a connection could not be opened; `status` is HTTP's, if there was one."""
        if self._next is not None and self._next.number == number:
            self._next = None
            self._timers.clear(("hello", number))
            self._try_again(now, reason, status)

    def lost(self, number: int, now: int, reason: str) -> None:
        """Take that a connection ended."""
        if (link := self.find(number)) is None:
            return
        if link is self._next:
            self.failed(number, now, reason)
            return
        if link is self.current:
            self.current = None
            self._end_current(now, reason)
        self._draining.pop(number, None)
        self._timers.clear(("drain", number))
        self._events.link_lost(link, now)

    def drop(self, link: Link, now: int, reason: str) -> None:
        """End a connection that is of no use any more."""
        self._emit(Close(link=link.number))
        self.lost(link.number, now, reason)

    def close(self) -> None:
        """End all connections for good."""
        for link in (self.current, self._next, *self._draining.values()):
            if link is not None:
                self._emit(Close(link=link.number))
        self.current = self._next = None
        self._draining.clear()

    def _drain(self, link: Link, now: int) -> None:
        link.stage = Stage.DRAINING
        self._draining[link.number] = link
        end = partial(self.drop, link, reason="it was replaced")
        self._timers.set(("drain", link.number), now + self._timing.drain, end)

    def _end_current(self, now: int, reason: str) -> None:
        for key in ("stable", "ping", "replace"):
            self._timers.clear(key)
        self._failures += 1
        self._emit(Warned(text=f"the connection was lost: {reason}"))
        if self._next is None:
            self._open_later(now)

    def _try_again(self, now: int, reason: str, status: int | None) -> None:
        self._failures += 1
        error = self._verdict(reason, status)
        if error is None:
            self._emit(Warned(text=f"no connection: {reason}"))
            self._open_later(now)
        elif self.current is not None:
            # What is open stays so as long as it lasts; then the verdict is final.
            self._emit(Warned(text=f"no next connection: {error}"))
        else:
            self._events.gave_up(error, now)

    def _verdict(self, reason: str, status: int | None) -> StreamerClientError | None:
        """Give the error after which another try is of no use."""
        if status in _REFUSED:
            self._refusals += 1
            if not self._refreshable:
                remedy = "give a fresh token, or a function that makes one for each connection"
                return HandshakeRefused(
                    f"the token was refused ({reason}); {remedy}", status=status
                )
            if self._refusals > 1:
                remedy = "check that issuer, audience and url belong together"
                text = f"a fresh token was refused too ({reason}); {remedy}"
                return HandshakeRefused(text, status=status)
        elif status is not None and 400 <= status < 500 and status not in _PASSING:  # noqa: PLR2004
            text = f"there is no such WebSocket API ({reason}); check the url and its stage"
            return HandshakeRefused(text, status=status)
        if not self._was_ready and self._failures >= self._timing.opening_attempts:
            return Unreachable(f"{reason}; check the url, and that the service runs")
        return None

    def _open_later(self, now: int) -> None:
        wait = self._timing.backoff(self._failures, self._uniform())
        self._timers.set("open", now + wait, self.open)

    def _ping_later(self, interval: int, now: int) -> None:
        def ping(at: int) -> None:
            self._ping_later(interval, at)
            self._events.ping_due(at)

        self._timers.set("ping", now + interval, ping)

    def _proven(self, _now: int) -> None:
        self._failures = 0
