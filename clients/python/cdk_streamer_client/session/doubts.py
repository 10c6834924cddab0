"""Requests that were sent and not answered before their connection was lost."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from cdk_streamer_client.errors import Conflict, ConnectionLost, NotFound, StreamerClientError
from cdk_streamer_client.session.outputs import Subject
from cdk_streamer_client.session.questions import Answer, Questions
from cdk_streamer_client.session.topic import Submission, Topic


class Owner(Protocol):
    """Whose topics they are."""

    def is_doubted(self, topic: Topic) -> bool:
        """Tell whether nothing was heard meanwhile."""
        ...

    def heard(self, subject: Subject, document: Mapping[str, Any], now: int) -> bool:
        """Take a snapshot."""
        ...

    def accepted(self, topic: Topic, now: int) -> None:
        """Know that the service has the request."""
        ...

    def send(self, topic: Topic, now: int) -> None:
        """Send the request again."""
        ...

    def doubt_later(self, topic: Topic, now: int) -> None:
        """Ask again later."""
        ...

    def end(self, topic: Topic, error: StreamerClientError) -> None:
        """End the request with an error."""
        ...


class Doubts:
    """Finds out what became of a request.

    A request that the service does not know is either an async one that was never accepted, and
    is sent again, since its id is its idempotency key; or a sync one, which the service does not
    keep, and which may have run. Only the list of actions in `hello` tells one from the other. It
    can be large, so it is asked for when it is needed.
    """

    def __init__(self, *, questions: Questions, owner: Owner) -> None:
        self._modes: Mapping[str, str] | None = None
        self._undecided: list[Topic] = []
        self._questions = questions
        self._owner = owner

    def reset(self) -> None:
        """Learn anew on a new link: the application may have been deployed since."""
        self._modes = None
        self._undecided.clear()

    def look_up(self, topic: Topic, now: int) -> None:
        """Ask for the request, or send it again if that does no harm."""
        if topic.submission is not None and topic.submission.idempotent:
            self._owner.send(topic, now)
        else:
            then = partial(self._looked_up, topic)
            self._questions.ask("subscribe", topic.subject.arguments, then, now)

    def _looked_up(self, topic: Topic, answer: Answer, now: int) -> None:
        if not self._owner.is_doubted(topic):
            return
        self._owner.doubt_later(topic, now)
        if answer.error is None:
            self._owner.heard(topic.subject, answer.snapshot, now)
        elif isinstance(answer.error, NotFound):
            self._decide(topic, now)
        elif isinstance(answer.error, Conflict):
            self._owner.accepted(topic, now)  # it is there, with as many subscribers as can be
        elif not answer.is_passing:
            self._owner.end(topic, answer.error)

    def _decide(self, topic: Topic, now: int) -> None:
        if self._modes is None:
            self._learn(topic, now)
        elif topic.submission is not None and self._is_async(topic.submission):
            self._owner.send(topic, now)
        else:
            text = (
                "the connection was lost before the action was answered, and it may have run; "
                "pass idempotent=True for an action that may run twice"
            )
            self._owner.end(topic, ConnectionLost(text, may_have_run=True))

    def _is_async(self, submission: Submission) -> bool:
        mode = (self._modes or {}).get(submission.action)
        return (submission.prefer if mode == "either" else mode) == "async"

    def _learn(self, topic: Topic, now: int) -> None:
        self._undecided.append(topic)
        if len(self._undecided) == 1:
            self._questions.ask("hello", {"actions": True}, self._learned, now)

    def _learned(self, answer: Answer, now: int) -> None:
        self._modes = answer.data or {}
        undecided, self._undecided = self._undecided, []
        for topic in undecided:
            if self._owner.is_doubted(topic):
                self._decide(topic, now)
