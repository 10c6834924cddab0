"""Built-in actions that were asked and not yet answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from cdk_streamer_client.errors import (
    Conflict,
    ConnectionLost,
    RequestFailed,
    StreamerClientError,
)
from cdk_streamer_client.session.links import Link, Links
from cdk_streamer_client.session.outputs import Output, Send
from cdk_streamer_client.session.timers import Timers
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.wire import OWN_PREFIX, Malformed, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: data, or an error."""

    data: Any = None
    error: StreamerClientError | None = None

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """The data of `get` and `subscribe`; raises Malformed."""
        data: object = self.data
        if isinstance(data, dict):
            document = cast("Mapping[str, Any]", data)
            if document.get("type") == "snapshot":
                return document
        raise Malformed(f"an answer that should be a snapshot is {data!r:.80}")

    @property
    def is_passing(self) -> bool:
        """Whether it is an error that may not be met again."""
        if isinstance(self.error, RequestFailed):
            return self.error.retryable or isinstance(self.error, Conflict)
        return isinstance(self.error, ConnectionLost)


Then = Callable[[Answer, int], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Question:
    """One built-in action on its way. Without a link it waits for the next one."""

    id: str
    action: str
    text: str
    then: Then
    survives: bool
    link: Link | None = None
    sent_at: int = 0
    tries: int = 0


class Questions:
    """Sends built-in actions, again if need be: all of them may be repeated without harm."""

    def __init__(
        self, *, timing: Timing, timers: Timers, links: Links, emit: Callable[[Output], None]
    ) -> None:
        self._open: dict[str, Question] = {}
        self._count = 0
        self._timing = timing
        self._timers = timers
        self._links = links
        self._emit = emit

    def ask(
        self,
        action: str,
        arguments: Mapping[str, Any] | None,
        then: Then,
        now: int,
        *,
        survives: bool = False,
    ) -> str:
        """Ask, and give the question's id; one that `survives` outlives its connection."""
        self._count += 1
        id = f"{OWN_PREFIX}{self._count}"
        text = encode(action, id, arguments)
        question = Question(id=id, action=action, text=text, then=then, survives=survives)
        self._open[id] = question
        if self._links.current is not None:
            self._send(question, self._links.current, now)
        return id

    def is_open(self, id: str) -> bool:
        """Tell whether the id is that of a question without an answer."""
        return id in self._open

    def answered(self, id: str, answer: Answer, now: int) -> None:
        """Take the answer to a question; one that is not open was answered before."""
        question = self._open.pop(id, None)
        if question is not None:
            self._timers.clear(("question", id))
            question.then(answer, now)

    def answered_hello(self, link: Link, answer: Answer, now: int) -> None:
        """Take the answer to `hello`, which names no question."""
        asked = [q for q in self._open.values() if q.action == "hello" and q.link is link]
        for question in asked:
            self.answered(question.id, answer, now)

    def send_waiting(self, now: int) -> None:
        """Send what waited for a link."""
        link = self._links.current
        for question in list(self._open.values()):
            if question.link is None and link is not None:
                self._send(question, link, now)

    def link_lost(self, link: Link, now: int) -> None:
        """Ask again on the current link what survives, and forget the rest."""
        for question in [q for q in self._open.values() if q.link is link]:
            self._timers.clear(("question", question.id))
            question.link = None
            if not question.survives:
                del self._open[question.id]
        self.send_waiting(now)

    def forget(self, id: str) -> None:
        """Expect no answer any more."""
        self._open.pop(id, None)
        self._timers.clear(("question", id))

    def fail_all(self, error: StreamerClientError, now: int) -> None:
        """Answer everything with an error."""
        for id in list(self._open):
            self.answered(id, Answer(error=error), now)

    def is_busy(self, link: Link) -> bool:
        """Tell whether an answer is due on the link."""
        return any(question.link is link for question in self._open.values())

    def _send(self, question: Question, link: Link, now: int) -> None:
        question.link = link
        question.sent_at = now
        question.tries += 1
        self._emit(Send(link=link.number, text=question.text))
        late = partial(self._late, question, link)
        self._timers.set(("question", question.id), now + self._timing.answer, late)

    def _late(self, question: Question, link: Link, now: int) -> None:
        if link.heard_at <= question.sent_at:
            self._links.drop(link, now, "the service fell silent")
        elif question.tries >= self._timing.call_attempts:
            text = f"the service did not answer {question.action!r}, asked {question.tries} times"
            self.answered(question.id, Answer(error=ConnectionLost(text)), now)
        else:
            self._send(question, self._links.current or link, now)
