"""The unit of work: one record on its way through the steps of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.place import Place

_EMPTY: MappingProxyType[str, Any] = MappingProxyType({})
_Values = tuple[Json, Event, Place, MappingProxyType[str, Json]]
_new: Callable[[type[UnitOfWork], _Values], UnitOfWork]
_new = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class _Members(NamedTuple):
    record: Json
    event: Event
    place: Place
    scope: MappingProxyType[str, Any] = _EMPTY


class UnitOfWork(_Members):
    """A record as Lambda handed it over, its event, and a scope that each step extends.

    `uow.update_request` is what a step has put there by `uow.extend(update_request=...)`, which
    gives another unit of work and leaves this one as it was: forks do not see each other's changes.
    Two of them are equal only if they are the same one.
    """

    # A tuple, for nothing else is both immutable and made in a third of a microsecond.
    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def extend(self, **names: Json) -> UnitOfWork:
        """Give one that knows these too, or instead; `event=` replaces the event."""
        record, event, place, scope = self
        if not _FIXED.isdisjoint(names):
            if taken := _TAKEN & names.keys():
                raise TypeError(f"a unit of work has {sorted(taken)} of its own; use another name")
            event = _checked(names.pop("event"))
        return _new(UnitOfWork, (record, event, place, MappingProxyType(scope | names)))

    def get(self, name: str, default: Json = None) -> Json:
        """Give what a step has put there under this name, or the default."""
        return self.scope.get(name, default)

    def __getattr__(self, name: str) -> Json:
        try:
            return self.scope[name]
        except KeyError:
            raise AttributeError(
                f"no step has set {name!r} in this unit of work; it has {sorted(self.scope)}"
            ) from None


def _checked(event: Json) -> Event:
    known = event if isinstance(event, Event) else None
    if known is None or not all(isinstance(known.get(name), str) for name in _TEXTS):
        raise TypeError(
            f"an event has a type and a partition key, got {type(event).__name__} without; "
            'make it of the one that there is: Event({**uow.event, "name": value})'
        )
    return known


_TEXTS = ("type", "partitionKey")
# `uow.count` would be a method of all tuples, and true whatever a step has put there.
_TAKEN = frozenset({*_Members._fields, "batch", "get", "extend", "count", "index"}) - {"event"}
_FIXED = _TAKEN | {"event"}


def unit_of_work(record: Json, event: Event, place: Place) -> UnitOfWork:
    """Give the unit of work of a record that has just come."""
    return _new(UnitOfWork, (record, event, place, _EMPTY))


def merged(units: Sequence[UnitOfWork], **names: Json) -> UnitOfWork:
    """Give one that stands for several, in their order: what becomes of it, becomes of them.

    Record, event and place are the last one's; `batch` has all of them.
    """
    record, event, place, _ = units[-1]
    scope = MappingProxyType({"batch": tuple(units), **names})
    return _new(UnitOfWork, (record, event, place, scope))


def leaves_of(uow: UnitOfWork) -> Iterator[UnitOfWork]:
    """Give the units of single records that it stands for; itself, if it is one."""
    batch: Sequence[UnitOfWork] | None = uow.scope.get("batch")
    if batch is None:
        yield uow
        return
    for unit in batch:
        yield from leaves_of(unit)


def places_of(uow: UnitOfWork) -> Iterator[Place]:
    """Give the places of all records that it stands for."""
    return (leaf.place for leaf in leaves_of(uow))
