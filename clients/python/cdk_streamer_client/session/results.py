"""Results that are too large for a message: fetched from addresses that soon end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from cdk_streamer_client.errors import ConnectionLost, ProtocolError, StreamerClientError
from cdk_streamer_client.messages import Completed, Failed, Stored, read_news
from cdk_streamer_client.session.outputs import Fetch, Output
from cdk_streamer_client.session.questions import Answer, Questions
from cdk_streamer_client.session.timers import Timers
from cdk_streamer_client.session.topic import Topic
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.wire import Malformed, parse


class Owner(Protocol):
    """Whose topics they are."""

    def is_open(self, topic: Topic) -> bool:
        """Tell whether anybody still wants to hear of it."""
        ...

    def conclude(self, topic: Topic, ending: Completed | Failed) -> None:
        """Tell the end."""
        ...

    def end(self, topic: Topic, error: StreamerClientError) -> None:
        """End the request with an error."""
        ...


class Results:
    """Has them fetched, and asks for another address when one is of no use."""

    def __init__(
        self,
        *,
        timing: Timing,
        timers: Timers,
        uniform: Callable[[], float],
        questions: Questions,
        emit: Callable[[Output], None],
        owner: Owner,
    ) -> None:
        self._count = 0
        self._open: dict[int, Topic] = {}
        self._timing = timing
        self._timers = timers
        self._uniform = uniform
        self._questions = questions
        self._emit = emit
        self._owner = owner

    def fetch(self, topic: Topic, stored: Stored) -> None:
        """Have a result fetched."""
        self._count += 1
        self._open[self._count] = topic
        self._emit(
            Fetch(fetch=self._count, subject=topic.subject, url=stored.url, size=stored.size)
        )

    def fetched(self, fetch: int, text: str) -> None:
        """Take what was at an address."""
        topic = self._taken(fetch)
        if topic is None:
            return
        try:
            result = parse(text)
        except Malformed as error:
            self._owner.end(topic, ProtocolError(f"the service's result cannot be read: {error}"))
            return
        self._owner.conclude(topic, Completed(result=result, seq=topic.seq))

    def unfetched(self, fetch: int, reason: str, now: int) -> None:
        """Take why an address was of no use."""
        topic = self._taken(fetch)
        if topic is not None:
            self._try_again(topic, reason, now)

    def forget(self, topic: Topic) -> None:
        """Want a result no more."""
        self._timers.clear(("result", topic.subject))
        self._open = {number: other for number, other in self._open.items() if other is not topic}

    def _taken(self, fetch: int) -> Topic | None:
        return self._open.pop(fetch, None)

    def _try_again(self, topic: Topic, reason: str, now: int) -> None:
        topic.tries += 1
        if topic.tries >= self._timing.call_attempts:
            name = topic.subject.request_id
            text = f"the result cannot be fetched: {reason}; attach({name!r}) tries it again"
            self._owner.end(topic, ConnectionLost(text))
            return
        wait = self._timing.backoff(topic.tries, self._uniform())
        self._timers.set(("result", topic.subject), now + wait, partial(self._ask, topic))

    def _ask(self, topic: Topic, now: int) -> None:
        then = partial(self._answered, topic)
        self._questions.ask("get", topic.subject.arguments, then, now, survives=True)

    def _answered(self, topic: Topic, answer: Answer, now: int) -> None:
        if not self._owner.is_open(topic):
            return
        if answer.error is not None and not answer.is_passing:
            self._owner.end(topic, answer.error)
        elif answer.error is not None:
            self._try_again(topic, str(answer.error), now)
        else:
            self._read(topic, answer, now)

    def _read(self, topic: Topic, answer: Answer, now: int) -> None:
        try:
            message = read_news(answer.snapshot).message
        except Malformed as error:
            self._try_again(topic, str(error), now)
            return
        if isinstance(message, Stored):
            self.fetch(topic, message)
        elif isinstance(message, Completed | Failed):
            self._owner.conclude(topic, message)
        else:
            self._try_again(topic, "the service does not know that the request has ended", now)
