"""Gathering: several units of work become one, in groups or in batches."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.pipelines.steps import Gather
from cdk_streamer_runtime.streams.uow import UnitOfWork, merged

_REQUEST = "_request"


def merged_in_scope(units: Sequence[UnitOfWork], **names: Json) -> UnitOfWork:
    """Give one that stands for several and knows what the last of them knows."""
    scope = {name: value for name, value in units[-1].scope.items() if name != "batch"}
    return merged(units, **{**scope, **names})


def _gathered(units: Sequence[UnitOfWork], **names: Json) -> UnitOfWork:
    """Give one that stands for several, each of which has its own request still to be sent.

    With the last one's request in its scope, a sink would send that and nothing of the others.
    """
    scope = {n: v for n, v in units[-1].scope.items() if n != "batch" and not n.endswith(_REQUEST)}
    return merged(units, **{**scope, **names})


def group_step(key: Callable[[UnitOfWork], Hashable]) -> Gather:
    """Give the step that makes one unit of work of all that have the same key.

    It has them in `batch`, as they came, and the key in `key`.
    """
    return Gather(name="group", new=lambda: _Groups(key))


def batch_step(
    count: int, size: int | None = None, size_of: Callable[[UnitOfWork], int] | None = None
) -> Gather:
    """Give the step that makes one of so many, or of fewer that are not larger than `size`.

    One that is larger by itself is a batch of its own. What counts is the event as JSON, unless
    `size_of` tells.
    """
    measure = size_of or _bytes_of
    return Gather(name="batch", new=lambda: _Batches(count, size, measure))


class _Groups:
    def __init__(self, key: Callable[[UnitOfWork], Hashable]) -> None:
        self._key = key
        self._groups: dict[Hashable, list[UnitOfWork]] = {}

    def add(self, uow: UnitOfWork) -> tuple[UnitOfWork, ...]:
        self._groups.setdefault(self._key(uow), []).append(uow)
        return ()

    def finish(self) -> Iterator[UnitOfWork]:
        groups, self._groups = self._groups, {}
        return (_gathered(units, key=key) for key, units in groups.items())


class _Batches:
    def __init__(self, count: int, size: int | None, size_of: Callable[[UnitOfWork], int]) -> None:
        self._count = count
        self._size = size
        self._size_of = size_of
        self._units: list[UnitOfWork] = []
        self._bytes = 0

    def add(self, uow: UnitOfWork) -> list[UnitOfWork]:
        complete: list[UnitOfWork] = []
        if self._size is not None:
            size = self._size_of(uow)
            if self._units and self._bytes + size > self._size:
                complete += self.finish()
            self._bytes += size
        self._units.append(uow)
        is_full = self._size is not None and self._bytes >= self._size
        if is_full or len(self._units) == self._count:
            complete += self.finish()
        return complete

    def finish(self) -> Iterable[UnitOfWork]:
        units, self._units, self._bytes = self._units, [], 0
        return [_gathered(units)] if units else []


def _bytes_of(uow: UnitOfWork) -> int:
    return len(encode(uow.event).encode())
