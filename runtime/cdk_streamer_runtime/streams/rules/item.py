"""The item that an event makes of what is stored: the attributes that users give, and the lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.streams.pipelines.filters import DELETED, LATCHED
from cdk_streamer_runtime.streams.sinks.expressions import (
    lock_of,
    timestamp_condition,
    update_expression,
)
from cdk_streamer_runtime.streams.uow import UnitOfWork

KEY = ("pk", "sk")
TTL = "ttl"
_OF_THE_LOCK = ("sequence", "lineage")

Item = dict[str, Any]
ToItem = Callable[[UnitOfWork], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Which events delete an item softly, and for how many seconds it is marked so."""

    applies: Callable[[UnitOfWork], object]
    seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemUpdate:
    """How the parameters of an UpdateItem are made of what `to_item` gives: key and attributes.

    With `lock` nothing older overwrites what is newer.
    """

    to_item: ToItem
    key: tuple[str, ...] = KEY
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lock: bool = True
    seconds: int | None = None
    deletion: Deletion | None = None

    def request(self, uow: UnitOfWork, **more: object) -> dict[str, Any] | None:
        """Give the parameters; None if there is nothing to do."""
        given = self.to_item(uow)
        if given is None:
            return None
        _check(given, self.lock)
        lock = lock_of(uow) if self.lock else {}
        item: Item = {**self.constants, **more, **lock, **given}
        key = self._key(item)
        self._expire(uow, item, given)
        if not self.lock:
            return {"Key": key, **update_expression(item)}
        condition = timestamp_condition(
            item,
            latched=LATCHED if item.get(LATCHED) is True else None,
            deleted=None if self.deletion is None else DELETED,
        )
        return {"Key": key, **update_expression(item, condition)}

    def _key(self, item: Item) -> dict[str, Any]:
        try:
            return {name: item.pop(name) for name in self.key}
        except KeyError as missing:
            names = ", ".join(self.key)
            raise ValueError(
                f"what to_update gives lacks {missing}; the key is of {names}; name others by key="
            ) from None

    def _expire(self, uow: UnitOfWork, item: Item, given: Mapping[str, Any]) -> None:
        """Set, or remove, when the item expires and that it is deleted."""
        seconds = self.seconds
        if self.deletion is not None:
            is_deleted = bool(self.deletion.applies(uow))
            item.setdefault(DELETED, True if is_deleted else None)
            if is_deleted:
                seconds = self.deletion.seconds
        elif seconds is None:
            return
        if TTL not in given:
            item[TTL] = None if seconds is None else uow.event["timestamp"] // 1_000 + seconds


def _check(given: object, lock: bool) -> None:  # noqa: FBT001 - one caller
    if not isinstance(given, Mapping):
        raise TypeError(f"to_update must give a mapping or None, got {type(given).__name__}")
    if lock:
        for name in _OF_THE_LOCK:
            if name in given:
                raise ValueError(
                    f"to_update gives {name!r}, which is the lock's; store it under another name"
                )
