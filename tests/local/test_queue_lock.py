"""The engine's queues are changed by one thread at a time."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from cdk_streamer_local.engine.queue_lock import lock_queues

CHANGES = (
    *("send_message", "send_message_batch", "delete_message", "delete_message_batch"),
    *("change_visibility", "change_visibility_batch", "purge_queue"),
)


class Engine(SimpleNamespace):
    """What the engine's queues look like; `begun` and `release` are about sending."""

    def __init__(self):
        super().__init__()
        self.begun, self.release = threading.Event(), threading.Event()
        self.done: list[str] = []
        for name in (*(f"_act_{each}" for each in CHANGES), "_expire_retained", "_dlq_sweep"):
            setattr(self, name, lambda name=name: self.done.append(name))
        self._collect_msgs = lambda: self.done.append("collected")
        self._act_send_message = self._send
        self._HANDLERS = {"SendMessage": self._send, "ListQueues": lambda: ["all"]}
        self._queues_lock = threading.Lock()

    def _send(self):
        self.begun.set()
        self.release.wait(30)
        self.done.append("sent")


def test_who_takes_messages_waits_for_who_sends_one():
    engine = Engine()
    lock_queues(engine)
    sending = threading.Thread(target=engine._HANDLERS["SendMessage"])  # noqa: SLF001
    taking = threading.Thread(target=engine._collect_msgs)  # noqa: SLF001
    sending.start()
    engine.begun.wait(30)
    taking.start()
    assert engine._queues_lock.acquire(blocking=False) is False  # noqa: SLF001
    engine.release.set()
    for each in (sending, taking):
        each.join(30)

    assert engine.done == ["sent", "collected"]


def test_what_changes_nothing_waits_for_nobody():
    engine = Engine()
    lock = lock_queues(engine)

    listed = engine._HANDLERS["ListQueues"]  # noqa: SLF001
    with lock:
        asking = threading.Thread(target=lambda: engine.done.extend(listed()))
        asking.start()
        asking.join(30)

    assert engine.done == ["all"]
