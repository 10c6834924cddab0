"""All that is followed, over any number of connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cdk_streamer_client.errors import RequestFailed, StreamerClientError
from cdk_streamer_client.messages import Acknowledged, Completed, Failed, News, Stored, read_news
from cdk_streamer_client.session.doubts import Doubts
from cdk_streamer_client.session.gaps import Gaps
from cdk_streamer_client.session.links import Link, Links
from cdk_streamer_client.session.outputs import Heard, Output, Send, Subject, Warned
from cdk_streamer_client.session.questions import Answer, Questions
from cdk_streamer_client.session.results import Results
from cdk_streamer_client.session.timers import Timers
from cdk_streamer_client.session.topic import Phase, Submission, Topic
from cdk_streamer_client.timing import Timing


class Topics:
    """Follows each topic to its end: pushes are quick, but only what is asked for is sure."""

    def __init__(
        self,
        *,
        timing: Timing,
        timers: Timers,
        uniform: Callable[[], float],
        links: Links,
        questions: Questions,
        emit: Callable[[Output], None],
    ) -> None:
        self._topics: dict[Subject, Topic] = {}
        self._doubts = Doubts(questions=questions, owner=self)
        self._gaps = Gaps(
            timing=timing,
            timers=timers,
            uniform=uniform,
            questions=questions,
            emit=emit,
            owner=self,
        )
        self.results = Results(
            timing=timing,
            timers=timers,
            uniform=uniform,
            questions=questions,
            emit=emit,
            owner=self,
        )
        self._timing = timing
        self._timers = timers
        self._links = links
        self._questions = questions
        self._emit = emit

    # --- what the caller wants

    def submit(self, submission: Submission, now: int) -> None:
        """Send a request as soon as there is a link."""
        subject = Subject(request_id=submission.id)
        topic = Topic(subject=subject, phase=Phase.WAITING, submission=submission)
        self._add(topic)
        self._continue(topic, now)

    def follow(self, subject: Subject, now: int) -> None:
        """Follow a request that somebody submitted, or a channel."""
        topic = Topic(subject=subject, phase=Phase.FOLLOWED)
        self._add(topic)
        self._continue(topic, now)

    def leave(self, subject: Subject, now: int) -> None:
        """Hear no more of a topic; what it stands for goes on."""
        topic = self._topics.get(subject)
        if topic is None:
            return
        self._remove(topic)
        if topic.phase is Phase.FOLLOWED and self._links.current is not None:
            self._questions.ask("unsubscribe", subject.arguments, _ignore, now)

    def end_all(self, error: StreamerClientError) -> None:
        """End every topic with an error."""
        for topic in list(self._topics.values()):
            self.end(topic, error)

    # --- what happens to links

    def link_ready(self, now: int) -> None:
        """Continue everything on the new current link."""
        self._doubts.reset()
        for topic in list(self._topics.values()):
            self._continue(topic, now)

    def link_lost(self, link: Link, now: int) -> None:
        """Doubt what was sent on the link and not answered."""
        for topic in list(self._topics.values()):
            if topic.phase is Phase.ASKED and topic.link is link:
                self._doubt(topic, now)

    def is_busy(self, link: Link) -> bool:
        """Tell whether a request that was sent on the link has no answer yet."""
        asked = (topic for topic in self._topics.values() if topic.phase is Phase.ASKED)
        return any(topic.link is link for topic in asked)

    # --- what the service says

    def heard(self, subject: Subject, document: Mapping[str, Any], now: int) -> bool:
        """Take a message about a topic, and tell whether it was news; raises Malformed."""
        topic = self._topics.get(subject)
        if topic is None:
            return False
        self.accepted(topic, now)
        news = read_news(document)
        if news.pieces is not None:
            self._gaps.take(topic, news.pieces, now)
        if topic.phase is Phase.ENDING or (news.seq <= topic.seq and not news.is_last):
            return False
        topic.seq = max(news.seq, topic.seq)
        self._tell(topic, news, now)
        return True

    def responded(self, id: str, answer: Answer) -> None:
        """Take the answer of a sync action."""
        topic = self._unanswered(id)
        if topic is None:
            return
        if answer.error is not None:
            self.end(topic, answer.error)
            return
        self._remove(topic)
        self._emit(Heard(subject=topic.subject, message=Completed(result=answer.data, seq=0)))

    def refused(self, id: str, error: RequestFailed) -> None:
        """Take that a message was not accepted."""
        topic = self._unanswered(id)
        if topic is not None:
            self.end(topic, error)
        else:
            self._emit(Warned(text=f"message {id!r} was refused: {error}"))

    # --- what it takes to end

    def is_open(self, topic: Topic) -> bool:
        """Tell whether anybody still wants to hear of it."""
        return self._topics.get(topic.subject) is topic

    def settled(self, topic: Topic, now: int) -> None:
        """Know that a topic that has ended lacks no chunk any more."""
        topic.tries = 0
        match topic.ending:
            case Stored() as stored:
                self.results.fetch(topic, stored)
            case Completed() as completed:
                self.conclude(topic, completed)
            case None:
                raise AssertionError(f"{topic.subject} was settled before it had ended, at {now}")

    def conclude(self, topic: Topic, ending: Completed | Failed) -> None:
        """Tell the end."""
        self._remove(topic)
        if isinstance(ending, Completed) and not topic.stream.is_whole:
            ending = replace(ending, missing_chunk=topic.stream.next)
        self._emit(Heard(subject=topic.subject, message=ending))

    # --- what doubts lead to

    def is_doubted(self, topic: Topic) -> bool:
        """Tell whether it is still unknown what became of a request."""
        return self._topics.get(topic.subject) is topic and topic.phase is Phase.DOUBTED

    def send(self, topic: Topic, now: int) -> None:
        """Send a request, for the first time or again."""
        link = self._links.current
        if link is not None and topic.submission is not None:
            topic.phase, topic.link = Phase.ASKED, link
            self._emit(Send(link=link.number, text=topic.submission.text))
            self._later(topic, self._timing.submission, self._doubt, now)

    def accepted(self, topic: Topic, now: int) -> None:
        """Know that the service has the request, and ask for it when it falls silent."""
        if topic.phase is Phase.ENDING:
            return
        if topic.phase is not Phase.FOLLOWED:
            # Whatever shows it: the acknowledgment itself may come late or not at all.
            topic.phase, topic.link, topic.seq = Phase.FOLLOWED, None, 0
            self._emit(Heard(subject=topic.subject, message=Acknowledged()))
        self._later(topic, self._timing.poll, self._poll, now)

    def doubt_later(self, topic: Topic, now: int) -> None:
        """Try again to find out what became of a request."""
        self._later(topic, self._timing.poll, self._doubt, now)

    def end(self, topic: Topic, error: StreamerClientError) -> None:
        """End a topic with an error."""
        self._remove(topic)
        failed = Failed(error=error, seq=max(topic.seq, 0))
        self._emit(Heard(subject=topic.subject, message=failed))

    # --- one topic

    def _tell(self, topic: Topic, news: News, now: int) -> None:
        match news.message:
            case None:
                return
            case Failed() as failed:
                self.conclude(topic, failed)
            case Completed() | Stored() as ending:
                topic.phase, topic.ending = Phase.ENDING, ending
                self._timers.clear(topic.subject)
                self._gaps.finish(topic, now)
            case message:
                self._emit(Heard(subject=topic.subject, message=message))

    def _continue(self, topic: Topic, now: int) -> None:
        if self._links.current is None:
            return
        if topic.phase is Phase.WAITING:
            self.send(topic, now)
        elif topic.phase is Phase.DOUBTED:
            self._doubts.look_up(topic, now)
        elif topic.phase is Phase.FOLLOWED:
            self._subscribe(topic, now)

    def _doubt(self, topic: Topic, now: int) -> None:
        topic.phase, topic.link = Phase.DOUBTED, None
        self._timers.clear(topic.subject)
        self._continue(topic, now)

    def _subscribe(self, topic: Topic, now: int) -> None:
        arguments = topic.subject.arguments
        if topic.seq >= 0:
            arguments["after_seq"] = topic.seq
        self._questions.ask("subscribe", arguments, partial(self._subscribed, topic), now)
        self._later(topic, self._timing.poll, self._poll, now)

    def _poll(self, topic: Topic, now: int) -> None:
        if self._links.current is None:
            return  # the next link continues it
        if topic.subject.channel is not None:
            self._subscribe(topic, now)
            return
        then = partial(self._polled, topic)
        self._questions.ask("get", topic.subject.arguments, then, now)
        self._later(topic, self._timing.poll, self._poll, now)

    def _polled(self, topic: Topic, answer: Answer, now: int) -> None:
        # News that was not pushed: perhaps the service does not know this connection any more.
        if self._read(topic, answer, now) and self._is_followed(topic):
            self._subscribe(topic, now)

    def _subscribed(self, topic: Topic, answer: Answer, now: int) -> None:
        self._read(topic, answer, now)

    def _read(self, topic: Topic, answer: Answer, now: int) -> bool:
        if not self._is_followed(topic):
            return False
        if answer.error is None:
            return self.heard(topic.subject, answer.snapshot, now)
        if not answer.is_passing:
            self.end(topic, answer.error)
        return False

    # --- the set of topics

    def _add(self, topic: Topic) -> None:
        if topic.subject in self._topics:
            name = topic.subject.request_id or topic.subject.channel
            raise ValueError(f"{name!r} is open on this client already; use what you have of it")
        self._topics[topic.subject] = topic

    def _remove(self, topic: Topic) -> None:
        del self._topics[topic.subject]
        self._timers.clear(topic.subject)
        self._gaps.forget(topic)
        self.results.forget(topic)

    def _unanswered(self, id: str) -> Topic | None:
        topic = self._topics.get(Subject(request_id=id))
        answered = {Phase.FOLLOWED, Phase.ENDING}
        return None if topic is None or topic.phase in answered else topic

    def _is_followed(self, topic: Topic) -> bool:
        return self._topics.get(topic.subject) is topic and topic.phase is Phase.FOLLOWED

    def _later(self, topic: Topic, wait: int, deed: Callable[[Topic, int], None], now: int) -> None:
        self._timers.set(topic.subject, now + wait, partial(deed, topic))


def _ignore(_answer: Answer, _now: int) -> None:
    """Expect nothing."""
