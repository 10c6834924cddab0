"""The item that an event makes of what is stored: the attributes that users give, and the lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cdk_streamer_runtime.streams.pipelines.filters import DELETED, LATCHED
from cdk_streamer_runtime.streams.sinks.expressions import (
    Added,
    Removed,
    lock_of,
    timestamp_condition,
    update_expression,
)
from cdk_streamer_runtime.streams.uow import UnitOfWork

KEY = ("pk", "sk")
TTL = "ttl"
_OF_THE_LOCK = ("sequence", "lineage")
_BY_VALUE = frozenset({set, frozenset, Added, Removed})  # their expressions depend on the value
_SHAPES = 1_024  # of items; should somebody name attributes after ids, this bounds the memory
_NOTHING: dict[str, Any] = {}

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
    # Items of one rule look alike: what depends on the names and kinds alone is made once.
    _templates: dict[object, _Template | None] = field(
        default_factory=dict["object", "_Template | None"], init=False, repr=False
    )

    def request(self, uow: UnitOfWork, region: str | None = None) -> dict[str, Any] | None:
        """Give the parameters; None if there is nothing to do. The region is noted, if any."""
        given = self.to_item(uow)
        if given is None:
            return None
        if given.__class__ is not dict and not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - the user's
            raise TypeError(f"to_update must give a mapping or None, got {type(given).__name__}")
        deletion = self.deletion
        deleted = deletion is not None and bool(deletion.applies(uow))
        item = {**lock_of(uow), **given} if self.lock else {**given}
        self._expire(uow, item, given, deleted=deleted)
        shape = (tuple(item), tuple(map(type, item.values())), len(given), deleted, region)
        template = self._templates.get(shape, _UNKNOWN)
        if template is _UNKNOWN:
            self._check(given)
            template = self._learn(shape, item, deleted=deleted, region=region)
        if template is None:
            return self._parameters(item, deleted=deleted, region=region)
        parameters = {**template.constant, "Key": {name: item[name] for name in self.key}}
        if template.values or template.places:
            parameters["ExpressionAttributeValues"] = {
                **template.values,
                **{place: item[name] for place, name in template.places},
            }
        return parameters

    def _expire(
        self,
        uow: UnitOfWork,
        item: Item,
        given: Mapping[str, Any],
        *,
        deleted: bool,
    ) -> None:
        deletion = self.deletion
        seconds = deletion.seconds if deleted and deletion is not None else self.seconds
        if TTL in given or (seconds is None and deletion is None):
            return
        item[TTL] = None if seconds is None else uow.event["timestamp"] // 1_000 + seconds

    def _parameters(self, item: Item, *, deleted: bool, region: str | None) -> dict[str, Any]:
        """Give the parameters for this item, without what is remembered of others."""
        item = {**self.constants, **item}
        if region is not None:
            item["awsregion"] = region
        if self.deletion is not None:
            item.setdefault(DELETED, True if deleted else None)
        key = {name: item.pop(name) for name in self.key}
        if not self.lock:
            return {"Key": key, **update_expression(item)}
        condition = timestamp_condition(
            item,
            latched=LATCHED if item.get(LATCHED) is True else None,
            deleted=None if self.deletion is None else DELETED,
        )
        return {"Key": key, **update_expression(item, condition)}

    def _learn(
        self,
        shape: object,
        item: Item,
        *,
        deleted: bool,
        region: str | None,
    ) -> _Template | None:
        if len(self._templates) >= _SHAPES:
            self._templates.clear()
        by_value = not _BY_VALUE.isdisjoint(map(type, item.values()))
        if by_value or LATCHED in item or DELETED in item:
            self._templates[shape] = None
            return None
        # Each value is replaced by a mark of where it comes from, to see where it goes to.
        marked: Item = {name: None if item[name] is None else _Mark(name) for name in item}
        parts = self._parameters(marked, deleted=deleted, region=region)
        values: Item = parts.pop("ExpressionAttributeValues", _NOTHING)
        del parts["Key"]
        template = _Template(
            constant=parts,
            values={place: value for place, value in values.items() if type(value) is not _Mark},
            places=tuple(
                (place, value.name) for place, value in values.items() if type(value) is _Mark
            ),
        )
        self._templates[shape] = template
        return template

    def _check(self, given: Mapping[str, Any]) -> None:
        for name in self.key:
            if name not in given:
                raise ValueError(
                    f"what to_update gives lacks {name!r}; the table's key is of "
                    f"{', '.join(self.key)}; name others by key="
                )
        for name in _OF_THE_LOCK:
            if self.lock and name in given:
                raise ValueError(
                    f"to_update gives {name!r}, which is the lock's; store it under another name"
                )


class _Mark(NamedTuple):
    """Stands for the value of an attribute."""

    name: str


class _Template(NamedTuple):
    """What the parameters of items with the same names and kinds share."""

    constant: dict[str, Any]
    values: dict[str, Any]
    places: tuple[tuple[str, str], ...]


_UNKNOWN = _Template({}, {}, ())
