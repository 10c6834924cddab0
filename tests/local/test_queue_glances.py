"""Looking at the engine's queues without touching a message."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_streamer_local.engine.queue_glances import KEPT_SECONDS, QueueGlances, Traffic

URL = "https://queue"


class Engine(SimpleNamespace):
    """What the engine's queues look like, with one queue."""

    def __init__(self, *messages: dict[str, Any]):
        super().__init__()
        queue = {
            "attributes": {"QueueArn": "arn:queue", "VisibilityTimeout": "30"},
            "url": URL,
            "is_fifo": False,
            "messages": list(messages),
        }
        self._queues = Scoped({URL: queue})
        self._HANDLERS: dict[str, Any] = {}
        self._ensure_msg_fields = lambda *_: None
        self._build_sys_attrs = lambda *_: {"SentTimestamp": "1"}
        self._get_q = lambda *_: self.queue

    def add(self, url: str) -> Any:
        self._queues._data[url] = {"messages": [], "attributes": {}}  # noqa: SLF001
        return self._queues.get(url)

    @property
    def queue(self) -> dict[str, Any]:
        return self._queues.get(URL)


class Scoped:
    """A dictionary of the caller's own queues."""

    def __init__(self, data: dict[str, Any]):
        self._data = data

    def __iter__(self):
        return iter(self._data)

    def get(self, key: str) -> Any:
        return self._data.get(key)


def message(id: str, *, visible: float = 0, receives: int = 0, sent: float = 0) -> dict[str, Any]:
    return {
        "id": id,
        "body": f"body of {id}",
        "receipt_handle": None,
        "message_attributes": {},
        "visible_at": visible,
        "receive_count": receives,
        "sent_at": sent,
    }


def served(engine: Engine, now: float = 1000.0) -> QueueGlances:
    glances = QueueGlances(engine, threading.RLock(), clock=lambda: now)
    glances.serve()
    return glances


def test_a_glance_counts_what_waits_is_in_hand_and_is_delayed():
    engine = Engine(
        message("a", sent=900.0),
        message("b", visible=1010.0, receives=1, sent=950.0),
        message("c", visible=1010.0, sent=990.0),
    )

    (seen,) = served(engine).glance({}, "")["Queues"]

    assert [seen[name] for name in ("Waiting", "InFlight", "Delayed", "Oldest")] == [1, 1, 1, 900.0]


def test_a_look_at_messages_changes_nothing_of_them():
    engine = Engine(message("a"), message("b", visible=1010.0, receives=2))
    before = [dict(each) for each in engine.queue["messages"]]

    seen = served(engine).peek({"QueueUrl": URL}, "")

    assert [each["State"] for each in seen["Messages"]] == ["waiting", "in flight"]
    assert [dict(each) for each in engine.queue["messages"]] == before


def test_a_look_for_a_text_gives_the_messages_with_it():
    engine = Engine(message("a"), message("b"), message("c"))

    seen = served(engine).peek({"Text": "of b"}, URL)

    assert [each["MessageId"] for each in seen["Messages"]] == ["b"]
    assert (seen["Total"], seen["Fitting"]) == (3, 1)


def test_a_look_at_many_messages_gives_no_more_than_were_asked_for():
    engine = Engine(*(message(f"m{number}") for number in range(5)))

    seen = served(engine).peek({"Limit": 2}, URL)

    assert [each["MessageId"] for each in seen["Messages"]] == ["m0", "m1"]
    assert seen["Fitting"] == 5


def test_what_is_dropped_is_gone_and_the_others_stay():
    engine = Engine(message("a"), message("b"))

    assert served(engine).drop({"MessageIds": ["a", "z"]}, URL) == {"Dropped": 1}

    assert [each["id"] for each in engine.queue["messages"]] == ["b"]


@pytest.mark.parametrize(
    "take",
    [
        lambda queue: queue.__setitem__("messages", queue["messages"][1:]),
        lambda queue: queue["messages"].remove(queue["messages"][0]),
    ],
)
def test_what_comes_and_what_leaves_is_counted_however_it_leaves(take: Any):
    engine = Engine()
    served(engine)
    engine.queue["messages"].append(message("a"))
    engine.queue["messages"].append(message("b"))
    take(engine.queue)

    counted = [(came, left) for _, came, left in engine.queue.traffic.recent()]  # type: ignore[attr-defined]

    assert [sum(each) for each in zip(*counted, strict=True)] == [2, 1]


def test_a_purge_counts_all_that_were_there():
    engine = Engine(message("a"), message("b"))
    served(engine)
    engine.queue["messages"].clear()

    assert sum(left for _, _, left in engine.queue.traffic.recent()) == 2  # type: ignore[attr-defined]


def test_a_queue_that_is_made_later_counts_too():
    engine = Engine()
    served(engine)
    made: Any = engine.add("other")
    made["messages"].append(message("a"))

    assert sum(came for _, came, _ in made.traffic.recent()) == 1


def test_traffic_forgets_what_was_long_ago():
    now = [1000.0]
    traffic = Traffic(clock=lambda: now[0])
    traffic.count(came=3)
    now[0] += KEPT_SECONDS + 1

    assert traffic.recent() == []
