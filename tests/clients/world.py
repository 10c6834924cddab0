"""A service and a network in virtual time around one session: what breaks is given beforehand."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_client.messages import Completed, Failed, Message
from cdk_streamer_client.session import (
    Answered,
    Close,
    Ended,
    Fetch,
    Heard,
    Open,
    Output,
    Ready,
    Send,
    Session,
    Warned,
)
from tests.clients import say

LATENCY = 5
PATIENCE = 30 * 60_000  # of virtual time, after which nobody waits any more
ID = "r1"

Mode = Literal["sync", "async"]


class Fault(StrEnum):
    """What can become of one message on its way."""

    LOSE = "lose"  # it never arrives
    DOUBLE = "double"  # it arrives twice
    DELAY = "delay"  # it is overtaken by those after it
    STALL = "stall"  # it arrives when nobody expects it any more
    CUT = "cut"  # its connection breaks before it arrives
    CUT_AFTER = "cut after"  # its connection breaks after it has arrived
    MUTE = "mute"  # it and all others of its connection are swallowed, and nobody is told


_WAITS: Mapping[Fault | None, int] = {Fault.DELAY: 700, Fault.STALL: 45_000}


@dataclass
class Service:
    """One request of a service that keeps async requests and runs sync ones as often as asked."""

    mode: Mode
    reports: int
    post: Callable[[int, dict[str, Any]], None]
    later: Callable[[int, Callable[[], None]], None]
    executions: int = 0
    seq: int = -1  # not known
    attempt: int = 1
    report: dict[str, Any] | None = None
    state: str = "QUEUED"
    subscribers: set[int] = field(default_factory=set)
    puts_out: bool = False
    chunks: list[int] = field(default_factory=list)

    def hear(self, link: int, frame: Mapping[str, Any]) -> None:
        """Answer a frame."""
        match frame["action"]:
            case "hello":
                asked = frame.get("payload", {}).get("actions")
                actions = [{"name": "work", "mode": self.mode}]
                self.post(link, say.hello(actions=actions) if asked else say.hello())
            case "ping":
                self.post(link, say.pong(frame["id"]))
            case "subscribe" | "get" as action:
                self._read(link, frame["id"], action, frame["payload"].get("chunks_from"))
            case _ if self.mode == "async":
                self._accept(link)
            case _:
                self.executions += 1
                answer = say.response(ID, "work", "done")
                self.later(1_000, lambda: self.post(link, answer))

    def _accept(self, link: int) -> None:
        known = self.seq >= 0
        self.subscribers.add(link)
        self.post(link, say.acknowledgment(ID))
        if known:
            self.post(link, self._snapshot())
            return
        self.executions += 1
        self.seq = 0
        self.state = "RUNNING"
        for number in range(1, self.reports + 1):
            self.later(number * 400, self._work)
        self.later((self.reports + 1) * 400, self._complete)

    def _read(self, link: int, id: str, action: str, chunks_from: int | None) -> None:
        if self.seq < 0:
            self.post(link, say.error(id, "NOT_FOUND"))
            return
        if action == "subscribe":
            self.subscribers.add(link)
        page = {} if chunks_from is None else {"chunk_page": self._page(chunks_from)}
        self.post(link, say.response(id, action, self._snapshot() | page))

    def _work(self) -> None:
        self.seq += 1
        if self.seq % 7 == 3:
            self.attempt += 1
            self.chunks.clear()
            self._tell(say.retrying(ID, self.seq, self.attempt))
            return
        if self.puts_out and self.seq % 4 != 0:
            self._tell(say.chunk(ID, self.seq, len(self.chunks), self.seq, self.attempt))
            self.chunks.append(self.seq)
            return
        self.report = {"percentage": percentage(self.seq), "message": None}
        members = {**self.report, "attempt": self.attempt}
        self._tell(say.progress(ID, self.seq, None) | members)

    def _complete(self) -> None:
        self.seq += 1
        self.state = "SUCCEEDED"
        self._tell(say.complete(ID, self.seq, "done", **self._counted()))

    def _tell(self, message: dict[str, Any]) -> None:
        for link in sorted(self.subscribers):
            self.post(link, message)

    def _snapshot(self) -> dict[str, Any]:
        result = {"result": "done"} if self.state == "SUCCEEDED" else {}
        members = {"progress": self.report, **result, **self._counted()}
        return say.snapshot(ID, self.seq, self.state, **{"attempt": self.attempt, **members})

    def _page(self, first: int) -> dict[str, Any]:
        """Give three chunks a page."""
        after = first + 3
        chunks = dict(list(enumerate(self.chunks))[first:after])
        return say.page(chunks, after if after < len(self.chunks) else None, self.attempt)

    def _counted(self) -> dict[str, Any]:
        return {"attempt": self.attempt, "chunks": len(self.chunks)} if self.chunks else {}


def percentage(seq: int) -> float:
    """Give what the service reports under a number."""
    return min(seq * 1.5, 100)


class World:
    """Carries messages, and does to the nth of them what `faults` says."""

    def __init__(
        self, *, mode: Mode, reports: int, faults: Mapping[int, Fault], chunks: bool = False
    ) -> None:
        self.now = 0
        self.heard: list[Message] = []
        self.warnings = 0
        self.connections = 0
        self.messages = 0
        self.error: StreamerClientError | None = None
        self.service = Service(
            mode=mode, reports=reports, post=self._post, later=self.later, puts_out=chunks
        )
        self.session = Session(uniform=lambda: 0.5)
        self._faults = faults
        self._links: set[int] = set()
        self._mute: set[int] = set()
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    @property
    def ending(self) -> Completed | Failed | None:
        """The last message, when it came."""
        last = self.heard[-1] if self.heard else None
        return last if isinstance(last, Completed | Failed) else None

    def run(self, *, idempotent: bool = False) -> None:
        """Submit the request, and let time pass until it has ended and all is quiet."""
        self.session.start(self.now)
        self.session.submit(ID, self.now, action="work", idempotent=idempotent)
        self._do_outputs()
        rest = PATIENCE
        while self.now < rest:
            if self.ending is not None:
                rest = min(rest, self.now + 60_000)  # what comes late must change nothing
            self._step()

    def later(self, wait: int, event: Callable[[], None]) -> None:
        """Let something happen later."""
        self._count += 1
        heapq.heappush(self._events, (self.now + wait, self._count, event))

    def _step(self) -> None:
        wake_at = self.session.wake_at()
        event_at = self._events[0][0] if self._events else None
        if wake_at is not None and (event_at is None or wake_at <= event_at):
            self.now = max(self.now, wake_at)
            self.session.tick(self.now)
        elif event_at is not None:
            self.now, _, event = heapq.heappop(self._events)
            event()
        else:
            self.now = PATIENCE
        self._do_outputs()

    def _do_outputs(self) -> None:
        for output in self.session.outputs():
            self._do(output)

    def _do(self, output: Output) -> None:
        match output:
            case Open(link=link):
                self.connections += 1
                self.later(LATENCY, lambda: self._open(link))
            case Send(link=link, text=text):
                frame = json.loads(text)
                self._carry(link, lambda: self.service.hear(link, frame))
            case Close(link=link):
                self._links.discard(link)
            case Heard(message=message):
                self.heard.append(message)
            case Warned():
                self.warnings += 1
            case Ended(error=error):
                self.error = error
            case Ready() | Answered() | Fetch():
                pass

    def _open(self, link: int) -> None:
        self._links.add(link)
        self.session.opened(link, self.now)

    def _post(self, link: int, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        self._carry(link, lambda: self.session.received(link, text, self.now))

    def _carry(self, link: int, arrive: Callable[[], None]) -> None:
        if link not in self._links:
            return
        fault = self._faults.get(self.messages)
        self.messages += 1
        if fault is Fault.MUTE:
            self._mute.add(link)
        if fault is Fault.CUT:
            self.later(LATENCY, lambda: self._cut(link))
        if fault in {Fault.LOSE, Fault.CUT} or link in self._mute:
            return

        def deliver() -> None:
            if link in self._links:
                arrive()

        wait = _WAITS.get(fault, LATENCY)
        self.later(wait, deliver)
        if fault is Fault.DOUBLE:
            self.later(wait + 1, deliver)
        if fault is Fault.CUT_AFTER:
            self.later(wait + 1, lambda: self._cut(link))

    def _cut(self, link: int) -> None:
        if link in self._links:
            self._links.discard(link)
            self.session.lost(link, self.now, reason="cut")
