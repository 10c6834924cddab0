"""What is known of the messages of one batch while it is delivered, told by two threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.sinks.outcome import Ending, Outcome
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.world import Meter

_METRICS: Mapping[Ending, Sequence[SinkMetric]] = {
    Ending.DONE: (SinkMetric.DELIVERED,),
    Ending.REPEATED: (SinkMetric.REPEATED,),
    Ending.REJECTED: (SinkMetric.REJECTED,),
    Ending.FAILED: (SinkMetric.FAILED,),
    Ending.FORSAKEN: (SinkMetric.FAILED,),
    Ending.UNAVAILABLE: (SinkMetric.FAILED, SinkMetric.UNAVAILABLE),
    Ending.THROTTLED: (SinkMetric.THROTTLED,),
    Ending.HANDED_BACK: (SinkMetric.HANDED_BACK,),
}


class Batch:
    """Messages in their order, and what became of them.

    With `fifo` nothing is delivered behind a message that comes again, if both are of a group.
    """

    def __init__(self, messages: Sequence[Message], *, metrics: Meter, fifo: bool = False) -> None:
        """Take the messages; nothing has become of any."""
        self.messages = messages
        self._metrics = metrics
        self.fifo = fifo
        self._outcomes: dict[str, Outcome] = {}
        self._under_way: Sequence[Message] = ()
        self._interrupted = False
        self._lock = Lock()

    @property
    def waiting(self) -> list[Message]:
        """Those of which nothing has become yet."""
        return [message for message in self.messages if message.id not in self._outcomes]

    @property
    def acknowledged(self) -> list[Message]:
        """Those that are to leave the queue."""
        return [message for message, outcome in self._settled if outcome.is_acknowledged]

    @property
    def returning(self) -> list[tuple[Message, Outcome]]:
        """Those that come again, and when."""
        return [pair for pair in self._settled if not pair[1].is_acknowledged]

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of messages, in their order."""
        return [outcome for _, outcome in self._settled]

    def outcome(self, message: Message) -> Outcome | None:
        """Give what became of a message."""
        return self._outcomes.get(message.id)

    def settle(self, message: Message, outcome: Outcome) -> None:
        """Note what became of a message, and so of those that must not be delivered before it."""
        with self._lock:
            self._settle(message, outcome)

    def begin(self, messages: Sequence[Message]) -> None:
        """Note that these are being delivered."""
        with self._lock:
            self._under_way = messages

    def end(self) -> bool:
        """Note that nothing is being delivered; tell whether it ended before it was given up."""
        with self._lock:
            self._under_way = ()
            return not self._interrupted

    def interrupt(self, outcome: Callable[[Message, Ending], Outcome]) -> bool:
        """Have all come again that nothing has become of; tell whether any is being delivered."""
        with self._lock:
            self._interrupted = True
            under_way = [each for each in self._under_way if each.id not in self._outcomes]
            for message in under_way:
                self._settle(message, outcome(message, Ending.UNAVAILABLE))
            for message in self.waiting:
                self._settle(message, outcome(message, Ending.HANDED_BACK))
            return bool(under_way)

    @property
    def _settled(self) -> list[tuple[Message, Outcome]]:
        outcomes = dict(self._outcomes)
        return [(each, outcomes[each.id]) for each in self.messages if each.id in outcomes]

    def _settle(self, message: Message, outcome: Outcome) -> None:
        self._note(message, outcome)
        if self.fifo and not outcome.is_acknowledged:
            behind = replace(outcome, ending=Ending.HANDED_BACK)
            later = self.messages[self.messages.index(message) + 1 :]
            for each in later:
                if each.record.group == message.record.group and each.id not in self._outcomes:
                    self._note(each, behind)

    def _note(self, message: Message, outcome: Outcome) -> None:
        self._outcomes[message.id] = outcome
        for metric in _METRICS[outcome.ending]:
            self._metrics.count(metric)
