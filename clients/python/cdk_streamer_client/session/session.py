"""The client's side of the protocol, without I/O and without a clock.

The same inputs at the same times give the same outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_client.errors import Closed, StreamerClientError
from cdk_streamer_client.messages import Failed
from cdk_streamer_client.session.links import Link, Links
from cdk_streamer_client.session.outputs import Answered, Ended, Heard, Output, Subject, Warned
from cdk_streamer_client.session.questions import Answer, Questions
from cdk_streamer_client.session.router import Router
from cdk_streamer_client.session.timers import Timers
from cdk_streamer_client.session.topic import Submission
from cdk_streamer_client.session.topics import Topics
from cdk_streamer_client.timing import Timing
from cdk_streamer_client.wire import OWN_PREFIX, REQUEST_ID, Malformed, decode, encode


class Session:
    """Tell it what happens, do what it puts out, and call `tick` at `wake_at`.

    `now` is any clock's whole milliseconds that never goes back. `uniform` gives random numbers
    between 0 and 1. `refreshable` says that each connection is opened with a new token.
    """

    def __init__(
        self,
        *,
        uniform: Callable[[], float],
        timing: Timing | None = None,
        refreshable: bool = True,
    ) -> None:
        self._timing = timing or Timing()
        self._outputs: list[Output] = []
        self._timers = Timers()
        self._ended: StreamerClientError | None = None
        emit = self._outputs.append
        self._links = Links(
            timing=self._timing,
            timers=self._timers,
            uniform=uniform,
            refreshable=refreshable,
            emit=emit,
            events=self,
        )
        self._questions = Questions(
            timing=self._timing, timers=self._timers, links=self._links, emit=emit
        )
        self._topics = Topics(
            timing=self._timing,
            timers=self._timers,
            uniform=uniform,
            links=self._links,
            questions=self._questions,
            emit=emit,
        )
        self._router = Router(
            links=self._links, questions=self._questions, topics=self._topics, emit=emit
        )

    # --- what comes out

    def outputs(self) -> list[Output]:
        """Give what is to be done since the last time that somebody asked, in this order."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    def wake_at(self) -> int | None:
        """Tell when to call `tick`."""
        return self._timers.next_at()

    # --- what the transport tells

    def start(self, now: int) -> None:
        """Begin to connect."""
        self._links.open(now)

    def tick(self, now: int) -> None:
        """Let time pass."""
        self._timers.run(now)
        self._release(now)

    def opened(self, link: int, now: int) -> None:
        """Take that a connection is open."""
        self._links.opened(link, now)

    def failed(self, link: int, now: int, *, reason: str, status: int | None = None) -> None:
        """Take that a connection could not be opened; `status` is HTTP's, if there was one."""
        self._links.failed(link, now, reason, status)

    def lost(self, link: int, now: int, *, reason: str) -> None:
        """Take that a connection has ended."""
        self._links.lost(link, now, reason)

    def received(self, link: int, text: str, now: int) -> None:
        """Take a text frame; what is wrong with it leads to a warning at most."""
        origin = self._links.find(link)
        if origin is None:
            return
        origin.heard_at = now
        try:
            self._router.take(origin, decode(text), now)
        except Malformed as error:
            self._outputs.append(Warned(text=str(error)))
        self._release(now)

    def fetched(self, fetch: int, text: str, now: int) -> None:
        """Take what was at an address."""
        self._topics.results.fetched(fetch, text)
        self._release(now)

    def unfetched(self, fetch: int, now: int, *, reason: str) -> None:
        """Take that an address was of no use, such as one that has ended."""
        self._topics.results.unfetched(fetch, reason, now)

    # --- what the caller wants

    def submit(
        self,
        id: str,
        now: int,
        *,
        action: str,
        payload: object = None,
        metadata: Mapping[str, Any] | None = None,
        prefer: str | None = None,
        webhook: str | None = None,
        idempotent: bool = False,
    ) -> None:
        """Send a request and follow it to its end.

        Raises PayloadTooLarge, ValueError for an id that cannot be one or is open already, and
        TypeError or ValueError for what JSON cannot carry.
        """
        if not REQUEST_ID.fullmatch(id) or id.startswith(OWN_PREFIX):
            raise ValueError(
                f"an id has 1 to 128 of A-Z a-z 0-9 . _ ~ - and does not start with "
                f"{OWN_PREFIX!r}, got {id!r}"
            )
        submission = Submission(
            id=id,
            action=action,
            text=encode(action, id, payload, metadata=metadata, prefer=prefer, webhook=webhook),
            prefer=prefer,
            idempotent=idempotent,
        )
        if not self._refuses(Subject(request_id=id)):
            self._topics.submit(submission, now)

    def follow(self, subject: Subject, now: int) -> None:
        """Follow a request that somebody submitted, or a channel, to its end."""
        if not self._refuses(subject):
            self._topics.follow(subject, now)

    def leave(self, subject: Subject, now: int) -> None:
        """Hear no more of a subject; what it stands for goes on."""
        self._topics.leave(subject, now)

    def call(self, action: str, arguments: Mapping[str, Any] | None, now: int) -> str:
        """Ask a built-in action, and give the name that its Answered will have."""

        def then(answer: Answer, _now: int) -> None:
            self._outputs.append(Answered(call=id, data=answer.data, error=answer.error))

        id = self._questions.ask(action, arguments, then, now, survives=True)
        if self._ended is not None:
            self._questions.fail_all(self._ended, now)
        return id

    def forget(self, call: str) -> None:
        """Want no answer any more."""
        self._questions.forget(call)

    def close(self, now: int) -> None:
        """End everything; requests that were accepted go on without this client."""
        if self._ended is None:
            self._end(Closed("the client was closed; attach to the request to hear of it"), now)

    # --- what links tell

    def link_ready(self, now: int) -> None:
        """Continue on the new link."""
        self._questions.send_waiting(now)
        self._topics.link_ready(now)

    def link_lost(self, link: Link, now: int) -> None:
        """Continue without the link."""
        self._questions.link_lost(link, now)
        self._topics.link_lost(link, now)

    def ping_due(self, now: int) -> None:
        """Ping: a link that does not answer is dropped."""
        self._questions.ask("ping", None, _ignore, now)

    def gave_up(self, error: StreamerClientError, now: int) -> None:
        """End everything with the error."""
        self._end(error, now)

    # --- the end

    def _refuses(self, subject: Subject) -> bool:
        if self._ended is not None:
            self._outputs.append(Heard(subject=subject, message=Failed(error=self._ended, seq=0)))
        return self._ended is not None

    def _end(self, error: StreamerClientError, now: int) -> None:
        self._ended = error
        self._links.close()
        self._topics.end_all(error)
        self._questions.fail_all(error, now)
        self._timers.clear_all()
        self._outputs.append(Ended(error=error))

    def _release(self, now: int) -> None:
        """Close the links that were replaced, once nothing is missed without them."""
        current = self._links.current
        if current is None:
            return
        for link in self._links.draining:
            if not (self._is_busy(link) or self._is_busy(current)):
                self._links.drop(link, now, "it was replaced")

    def _is_busy(self, link: Link) -> bool:
        return self._questions.is_busy(link) or self._topics.is_busy(link)


def _ignore(_answer: Answer, _now: int) -> None:
    """Expect nothing."""
