"""Which classes of timers a shard has: its dispatcher reads no others."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.contract.timers import TIMER_CLASSES
from cdk_streamer_runtime.dynamodb import Put, Table, Update
from cdk_streamer_runtime.errors import CONDITION_FAILED, TransactionCancelled
from cdk_streamer_runtime.timers.faults import TimerUnavailable
from cdk_streamer_runtime.timers.schedules.wheel import WheelClass
from cdk_streamer_runtime.timers.table.items import class_item, class_key, count_key, primary

_ATTEMPTS = 4


class ClassRegistry:
    """Registers classes, up to a number that a dispatcher can look after. None is ever removed.

    So what a process has seen registered, and full, stays so.
    """

    def __init__(self, table: Table, new_token: Callable[[], str]) -> None:
        """Take the timers' table, and what names transactions."""
        self._table = table
        self._new_token = new_token
        self._known: set[tuple[str, str]] = set()
        self._full: set[str] = set()

    def admits(self, shard: str, wheel_class: WheelClass) -> bool:
        """Tell whether a shard's dispatcher reads a class, and register it if there is room.

        Raises TimerUnavailable when too many want to register at once.
        """
        key = shard, wheel_class.key
        if key in self._known or self._is_registered(shard, wheel_class):
            self._known.add(key)
            return True
        if shard in self._full or not self._register(shard, wheel_class):
            self._full.add(shard)
            return False
        self._known.add(key)
        return True

    def _is_registered(self, shard: str, wheel_class: WheelClass) -> bool:
        return self._table.get(primary(class_key(shard, wheel_class))) is not None

    def _register(self, shard: str, wheel_class: WheelClass) -> bool:
        writes = [
            Put(item=class_item(shard, wheel_class), condition="attribute_not_exists(pk)"),
            Update(
                key=primary(count_key(shard)),
                expression="ADD classes :one",
                condition="attribute_not_exists(classes) OR classes < :most",
                values={":one": 1, ":most": TIMER_CLASSES},
            ),
        ]
        for _ in range(_ATTEMPTS):
            try:
                self._table.transact(writes, token=self._new_token())
            except TransactionCancelled as error:
                if error.condition_failed:
                    # Somebody else has registered it just now, or there is no room.
                    return error.reasons[0]["Code"] == CONDITION_FAILED
                if not is_conflict(error):
                    raise
            else:
                return True
        raise TimerUnavailable("too many classes are registered at once")


def is_conflict(error: TransactionCancelled) -> bool:
    """Tell whether another transaction was in the way, and nothing else."""
    codes = {reason["Code"] for reason in error.reasons} - {"None"}
    return codes <= {"TransactionConflict"}
