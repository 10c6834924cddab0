"""Shows the engine's queues to the console without touching a message; in the engine's process.

To receive a message hides it and counts toward its dead letters, so nobody could just look. The
three operations here are none of AWS; roles that may do `sqs:*` may do them too.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

KEPT_SECONDS = 300
_SHOWN = 100
_MESSAGES = "messages"

Json = dict[str, Any]
Clock = Callable[[], float]


class Traffic:
    """How many messages came to a queue and left it, by second."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._seconds: deque[list[int]] = deque()

    def count(self, *, came: int = 0, left: int = 0) -> None:
        """Add to the second that it is."""
        second = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        last = self._seconds[-1]
        last[1], last[2] = last[1] + came, last[2] + left
        while self._seconds[0][0] <= second - KEPT_SECONDS:
            self._seconds.popleft()

    def recent(self) -> list[list[int]]:
        """Give the seconds with any, oldest first: when, how many came, how many left."""
        begin = int(self._clock()) - KEPT_SECONDS
        return [list(each) for each in list(self._seconds) if each[0] > begin]


class _Messages(list[Json]):
    """A queue's messages; the engine adds to them and takes from them as to any list."""

    def __init__(self, messages: Iterable[Json], traffic: Traffic) -> None:
        super().__init__(messages)
        self._traffic = traffic

    def append(self, message: Json, /) -> None:
        super().append(message)
        self._traffic.count(came=1)

    def remove(self, message: Json, /) -> None:
        super().remove(message)
        self._traffic.count(left=1)

    def clear(self) -> None:
        self._traffic.count(left=len(self))
        super().clear()


class _Queue(dict[str, Any]):
    """A queue; the engine takes messages away by giving it a shorter list."""

    def __init__(self, members: Mapping[str, Any], traffic: Traffic) -> None:
        super().__init__(members)
        self.traffic = traffic
        super().__setitem__(_MESSAGES, _Messages(members[_MESSAGES], traffic))

    def __setitem__(self, name: str, value: object, /) -> None:
        if name == _MESSAGES:
            kept = cast("list[Json]", value)
            left = len(self[_MESSAGES]) - len(kept)
            if left > 0:
                self.traffic.count(left=left)
            value = _Messages(kept, self.traffic)
        super().__setitem__(name, value)


class _Queues(dict[Any, Json]):
    """All queues, each of which counts from when it is made."""

    def __setitem__(self, key: object, queue: Json, /) -> None:
        super().__setitem__(key, _Queue(queue, Traffic()))


class QueueGlances:
    """The operations, on the engine's queues."""

    def __init__(
        self,
        queues: Any,  # noqa: ANN401 - a module of the engine
        lock: Any,  # noqa: ANN401
        clock: Clock = time.time,
    ) -> None:
        """Take what guards the queues."""
        self._queues = queues
        self._lock = lock
        self._clock = clock

    def serve(self) -> None:
        """Have the engine answer these operations, and count from now on."""
        counted = _Queues()
        for key, queue in self._queues._queues._data.items():  # noqa: SLF001
            counted[key] = queue
        self._queues._queues._data = counted  # noqa: SLF001
        self._queues._HANDLERS |= {  # noqa: SLF001
            "CdkStreamerGlance": self.glance,
            "CdkStreamerPeek": self.peek,
            "CdkStreamerDrop": self.drop,
        }

    def glance(self, _asked: Json, _url: str) -> Json:
        """Give every queue of the caller's account and region, in figures."""
        urls = list(self._queues._queues)  # noqa: SLF001 - those of the caller
        found = [queue for url in urls if (queue := self._queues._queues.get(url))]  # noqa: SLF001
        return {"Now": self._clock(), "Queues": [self._figures(queue) for queue in found]}

    def peek(self, asked: Json, url: str) -> Json:
        """Give messages in the order of the queue, as ReceiveMessage would; those with a text."""
        text = str(asked.get("Text") or "")
        ids = frozenset(asked.get("MessageIds") or ())
        with self._lock:
            messages = list(self._queues._get_q(asked.get("QueueUrl", url))[_MESSAGES])  # noqa: SLF001
        fitting = [each for each in messages if text in each["body"]]
        chosen = [each for each in fitting if not ids or each["id"] in ids]
        limit = int(asked.get("Limit") or _SHOWN)
        return {
            "Total": len(messages),
            "Fitting": len(chosen),
            "Messages": [self._shown(each) for each in itertools.islice(chosen, limit)],
        }

    def drop(self, asked: Json, url: str) -> Json:
        """Remove messages for good, whoever has them in hand just now."""
        ids = frozenset(asked.get("MessageIds") or ())
        with self._lock:
            queue = self._queues._get_q(asked.get("QueueUrl", url))  # noqa: SLF001
            before = len(queue[_MESSAGES])
            queue[_MESSAGES] = [each for each in queue[_MESSAGES] if each["id"] not in ids]
            return {"Dropped": before - len(queue[_MESSAGES])}

    def _figures(self, queue: Json) -> Json:
        with self._lock:
            messages: Sequence[Json] = list(queue[_MESSAGES])
        now = self._clock()
        states = [_state(each, now) for each in messages]
        return {
            "Arn": queue["attributes"]["QueueArn"],
            "Url": queue["url"],
            "Fifo": bool(queue["is_fifo"]),
            "Attributes": dict(queue["attributes"]),
            "Waiting": states.count("waiting"),
            "InFlight": states.count("in flight"),
            "Delayed": states.count("delayed"),
            "Oldest": min((each.get("sent_at", now) for each in messages), default=None),
            "Traffic": queue.traffic.recent() if isinstance(queue, _Queue) else [],
        }

    def _shown(self, message: Json) -> Json:
        self._queues._ensure_msg_fields(message)  # noqa: SLF001
        return {
            "MessageId": message["id"],
            "ReceiptHandle": message["receipt_handle"] or "",
            "Body": message["body"],
            "Attributes": self._queues._build_sys_attrs(message, ["All"]),  # noqa: SLF001
            "MessageAttributes": message["message_attributes"],
            "State": _state(message, self._clock()),
            "VisibleAt": message["visible_at"],
        }


def _state(message: Mapping[str, Any], now: float) -> str:
    if message.get("visible_at", now) <= now:  # what other services put in may lack it
        return "waiting"
    return "in flight" if message.get("receive_count") else "delayed"
