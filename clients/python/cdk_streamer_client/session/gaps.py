"""Chunks that no message has brought: asked for until they are there, or cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from cdk_streamer_client.chunks import Pieces
from cdk_streamer_client.session.outputs import Heard, Output, Subject, Warned
from cdk_streamer_client.session.questions import Answer, Questions
from cdk_streamer_client.session.timers import Timers
from cdk_streamer_client.session.topic import Phase, Search, Topic
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.wire import Malformed


class Owner(Protocol):
    """Whose topics they are."""

    def is_open(self, topic: Topic) -> bool:
        """Tell whether anybody still wants to hear of it."""
        ...

    def heard(self, subject: Subject, document: Mapping[str, Any], now: int) -> bool:
        """Take a snapshot."""
        ...

    def settled(self, topic: Topic, now: int) -> None:
        """Know that a topic that has ended lacks no chunk any more."""
        ...


class Gaps:
    """Tells chunks in order; one that is left out is asked for, with all that follow it."""

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
        self._timing = timing
        self._timers = timers
        self._uniform = uniform
        self._questions = questions
        self._emit = emit
        self._owner = owner

    def take(self, topic: Topic, pieces: Pieces, now: int) -> None:
        """Take what a message tells of chunks."""
        for chunk in topic.stream.take(pieces):
            self._emit(Heard(subject=topic.subject, message=chunk))
        if topic.search is Search.IDLE and not topic.stream.is_whole:
            self._ask(topic, now)

    def finish(self, topic: Topic, now: int) -> None:
        """Get what is missing of a topic that has ended, without the pauses of one that goes on."""
        topic.tries = 0
        if topic.search is not Search.ASKED:
            self._go_on(topic, now)

    def forget(self, topic: Topic) -> None:
        """Look for nothing any more."""
        self._timers.clear(("chunks", topic.subject))

    def _go_on(self, topic: Topic, now: int) -> None:
        self.forget(topic)
        topic.search = Search.IDLE
        if not topic.stream.is_whole:
            self._ask(topic, now)
            return
        topic.tries = 0
        if topic.phase is Phase.ENDING:
            self._owner.settled(topic, now)

    def _ask(self, topic: Topic, now: int) -> None:
        topic.search = Search.ASKED
        arguments = {**topic.subject.arguments, "chunks_from": topic.stream.next}
        then = partial(self._answered, topic, topic.stream.place)
        self._questions.ask("get", arguments, then, now, survives=True)

    def _answered(self, topic: Topic, place: tuple[int, int], answer: Answer, now: int) -> None:
        if not self._owner.is_open(topic):
            return
        self._read(topic, answer, now)
        if not self._owner.is_open(topic):
            return
        if topic.stream.is_whole or topic.stream.place > place:
            topic.tries = 0
            self._go_on(topic, now)
            return
        topic.tries += 1
        if topic.phase is Phase.ENDING and self._is_vain(topic, answer):
            self._give_up(topic, now)
        else:
            self._pause(topic, now)

    def _read(self, topic: Topic, answer: Answer, now: int) -> None:
        if answer.error is not None:
            return
        try:
            self._owner.heard(topic.subject, answer.snapshot, now)
        except Malformed as error:
            self._emit(Warned(text=str(error)))

    def _is_vain(self, topic: Topic, answer: Answer) -> bool:
        final = answer.error is not None and not answer.is_passing
        return final or topic.tries >= self._timing.call_attempts

    def _give_up(self, topic: Topic, now: int) -> None:
        index, name = topic.stream.next, topic.subject.request_id
        self._emit(Warned(text=f"the service cannot give chunk {index} of request {name!r}"))
        self._owner.settled(topic, now)

    def _pause(self, topic: Topic, now: int) -> None:
        """Ask again later; of a request that goes on the service may know more with the time."""
        topic.search = Search.PAUSED
        wait = self._timing.poll
        if topic.tries < self._timing.call_attempts:
            wait = self._timing.backoff(topic.tries, self._uniform())
        self._timers.set(("chunks", topic.subject), now + wait, partial(self._go_on, topic))
