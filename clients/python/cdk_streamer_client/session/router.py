"""Brings each message of the service to whom it concerns."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_client.errors import Unauthorized, request_failed
from cdk_streamer_client.session.greeting import read_greeting
from cdk_streamer_client.session.links import HELLO_ID, Link, Links, Stage
from cdk_streamer_client.session.outputs import Output, Subject, Warned
from cdk_streamer_client.session.questions import Answer, Questions
from cdk_streamer_client.session.topics import Topics
from cdk_streamer_client.wire import Document, read_object, read_text

Taker = Callable[[Link, Document, int], None]


class Router:
    """Knows the types of messages; those of a later release pass by."""

    def __init__(
        self,
        *,
        links: Links,
        questions: Questions,
        topics: Topics,
        emit: Callable[[Output], None],
    ) -> None:
        self._links = links
        self._questions = questions
        self._topics = topics
        self._emit = emit
        self._takers: dict[str, Taker] = {
            "hello": self._hello,
            "pong": self._pong,
            "reconnect_soon": self._reconnect_soon,
            "response": self._response,
            "error": self._error,
            "acknowledgment": self._news,
            "progress": self._news,
            "chunk": self._news,
            "input_required": self._news,
            "retrying": self._news,
            "complete": self._news,
            "cancelled": self._news,
            "snapshot": self._news,
        }

    def take(self, link: Link, document: Document, now: int) -> None:
        """Take a message; raises Malformed."""
        taker = self._takers.get(document["type"])
        if taker is not None:
            taker(link, document, now)

    def _hello(self, link: Link, document: Document, now: int) -> None:
        greeting = read_greeting(document)
        if link.stage is Stage.GREETING:
            self._links.greeted(link, greeting, now)
        else:
            self._questions.answered_hello(link, Answer(data=greeting.modes), now)

    def _pong(self, _link: Link, document: Document, now: int) -> None:
        self._questions.answered(read_text(document, "id") or "", Answer(), now)

    def _reconnect_soon(self, link: Link, document: Document, now: int) -> None:
        if link is self._links.current:
            self._links.replace(now, token=document.get("reason") == "token")

    def _response(self, _link: Link, document: Document, now: int) -> None:
        id = read_text(document, "id") or ""
        if document.get("success") is True:
            answer = Answer(data=document.get("data"))
        else:
            answer = Answer(error=request_failed(read_object(document, "error")))
        if self._questions.is_open(id):
            self._questions.answered(id, answer, now)
        else:
            self._topics.responded(id, answer)

    def _error(self, link: Link, document: Document, now: int) -> None:
        if "seq" in document:
            self._news(link, document, now)
            return
        error = request_failed(read_object(document, "error"))
        id = read_text(document, "request_id")
        if id == HELLO_ID or (id is None and isinstance(error, Unauthorized)):
            self._links.drop(link, now, str(error))
        elif id is None:
            self._emit(Warned(text=f"a message was refused: {error}"))
        elif self._questions.is_open(id):
            self._questions.answered(id, Answer(error=error), now)
        else:
            self._topics.refused(id, error)

    def _news(self, _link: Link, document: Document, now: int) -> None:
        subject = Subject(
            request_id=read_text(document, "request_id"), channel=read_text(document, "channel")
        )
        self._topics.heard(subject, document, now)
