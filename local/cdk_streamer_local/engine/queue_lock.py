"""Lets one thread at a time change the engine's queues; in the engine's process.

Calls are answered on one thread, batches for functions are taken and acknowledged on others, and
each replaces a queue's list of messages by a shorter one: what is sent meanwhile would be gone.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

_CHANGES = (
    "_act_send_message",
    "_act_send_message_batch",
    "_act_delete_message",
    "_act_delete_message_batch",
    "_act_change_visibility",
    "_act_change_visibility_batch",
    "_act_purge_queue",
    "_expire_retained",
    "_dlq_sweep",
    "_collect_msgs",
)


def lock_queues(queues: Any) -> Any:  # noqa: ANN401 - a module of the engine, a lock
    """Have everything that changes messages wait for its turn; gives the lock."""
    lock = threading.RLock()
    queues._queues_lock = lock  # noqa: SLF001 - whoever takes it looks it up each time
    for name in _CHANGES:
        act: Callable[..., object] = getattr(queues, name)
        alone = _alone(act, lock)
        setattr(queues, name, alone)
        for operation, handler in queues._HANDLERS.items():  # noqa: SLF001
            if handler == act:
                queues._HANDLERS[operation] = alone  # noqa: SLF001
    return lock


def _alone(act: Callable[..., object], lock: Any) -> Callable[..., object]:  # noqa: ANN401
    @functools.wraps(act)
    def change(*arguments: object, **named: object) -> object:
        with lock:
            return act(*arguments, **named)

    return change
