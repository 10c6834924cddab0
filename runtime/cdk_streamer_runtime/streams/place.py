"""Where a record stands in its source: what order and partial batch responses are told by."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a record stands; None is what its source does not tell.

    `id` is what the source knows the record by, the same for each delivery of it.
    `item` is the `itemIdentifier` of a partial batch response: several units of work of one
    message share it. `sequence` orders records of the same `group`: a shard, a message group or
    an object; only texts of one group and one source can be compared.
    """

    id: str | None
    item: str | None
    sequence: str | None
    group: str | None


def place_of(id: str, item: str, sequence: str | None, group: str | None) -> Place:
    """Give a place, in a third of the time that its class takes."""
    return tuple.__new__(Place, (id, item, sequence, group))  # pyright: ignore[reportUnknownMemberType]


NOWHERE = Place(None, None, None, None)
