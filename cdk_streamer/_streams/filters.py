"""Filters in front of a function, made of the types that rules take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk_streamer._streams.manifest import Types
from cdk_streamer_runtime.contract.streams import FAULT_TYPE

_WILDCARD = "*"
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
_MOST_FILTERS = 5
_FILTER_LENGTH = 3_000  # of 4,096, which what is around the types counts for too
_REMEDY = "leave filter out, or pass event_types"
# What a change of an item can be in a stream. One that is marked as deleted is still there.
_EVERY_CHANGE = {"INSERT", "MODIFY", "REMOVE"}
_CHANGES = {
    "created": {"INSERT"},
    "updated": {"MODIFY"},
    "deleted": _EVERY_CHANGE,
    "undeleted": {"MODIFY"},
}

Filter = Mapping[str, Any]


def read_types(event_types: Sequence[str] | str | None) -> Types | None:
    """Check what the user gave; raises ValueError with the remedy."""
    if event_types is None:
        return None
    if isinstance(event_types, str):
        raise ValueError(f"event_types must be a list, got {event_types!r}; use [{event_types!r}]")  # noqa: TRY004 - as all bad arguments
    if not event_types or not all(event_types):
        raise ValueError(
            f"event_types must name types like 'thing-created', got {list(event_types)!r}; "
            "leave it out for those of the rules"
        )
    return Types(
        exact=tuple(sorted({name for name in event_types if _WILDCARD not in name})),
        wildcards=tuple(sorted({name for name in event_types if _WILDCARD in name})),
    )


def closed(types: Types | None) -> Types:
    """Refuse types that a filter cannot know; raises ValueError with the remedy."""
    if types is None:
        raise ValueError(
            "filter=True needs the types of events, and handlers is a lambda_.Code; "
            "pass event_types"
        )
    if types.open is not None:
        raise ValueError(f"filter=True cannot be derived: {types.open}; {_REMEDY}")
    if not types.exact and not types.wildcards:
        raise ValueError(f"filter=True cannot be derived: there are no rules; {_REMEDY}")
    return types


def of_json(types: Types, *, member: str) -> tuple[Filter, ...]:
    """Give filters of records whose `member` is an event as JSON."""
    matchers = [*types.exact, *map(_matcher, types.wildcards)]
    filters = tuple({member: {"type": chunk}} for chunk in _chunks(matchers))
    if len(filters) > _MOST_FILTERS:
        raise ValueError(
            f"filter=True would need {len(filters)} filters for {len(matchers)} types, and an "
            f"event source has {_MOST_FILTERS}; pass fewer event_types, with a * at their end"
        )
    return filters


def of_changes(types: Types) -> tuple[Filter, ...]:
    """Give filters of a table's stream: what an item is called there, rules alone know."""
    kinds: set[str] = set()
    for name in (*types.exact, *types.wildcards):
        action = name.rpartition("-")[2]
        kinds |= _CHANGES.get(action, _EVERY_CHANGE)
    if kinds == _EVERY_CHANGE:
        raise ValueError(
            "filter=True would let everything through: the rules take changes of every kind; "
            "leave it out"
        )
    return ({"eventName": sorted(kinds)},)


def of_bus(types: Types) -> Mapping[str, Any]:
    """Give the pattern of a bus's rule."""
    names: list[object] = [*types.exact, *({"wildcard": name} for name in types.wildcards)]
    return {"detail-type": names}


def of_whole_bus(name: str, types: Types | None, *, own: bool) -> Mapping[str, Any]:
    """Give the pattern of everything but faults, and what `name` has published itself."""
    takes_faults = types is not None and FAULT_TYPE in types.exact
    source: object = {"prefix": ""} if own else {"anything-but": [name]}
    others: dict[str, Any] = {"source": [source]}
    return others if takes_faults else {**others, "detail-type": [{"anything-but": [FAULT_TYPE]}]}


def _matcher(name: str) -> object:
    start, _, end = name.partition(_WILDCARD)
    if name.count(_WILDCARD) == 1 and not end:
        return {"prefix": start}
    if name.count(_WILDCARD) == 1 and not start:
        return {"suffix": end}
    raise ValueError(
        f"filter=True cannot be derived: an event source knows no {name!r}, a * may only be the "
        f"first or the last character; {_REMEDY}"
    )


def _chunks(matchers: Sequence[object]) -> Iterator[list[object]]:
    chunk: list[object] = []
    for matcher in matchers:
        if chunk and len(json.dumps([*chunk, matcher])) > _FILTER_LENGTH:
            yield chunk
            chunk = []
        chunk.append(matcher)
    yield chunk
