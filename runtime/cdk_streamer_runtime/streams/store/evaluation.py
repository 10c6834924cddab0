"""Evaluation: what a rule emits of the events of one correlation key.

The events are looked at as they were at each moment, from the first new one on, as if they had
come in the order in which they happened. So what is emitted does not depend on the order of
arrival, on how many come in one batch, or on how late that is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.outcome import digest

_PLACE_TAGS = frozenset({"account", "region", "stage", "source", "functionname", "pipeline"})
_OF_ITS_OWN = frozenset({"id", "type", "timestamp", "partitionKey", "tags", "raw", "triggers"})


class Correlated(NamedTuple):
    """An event among those of its correlation key; `place` is its sort key."""

    place: str
    event: Event
    expires: int | None
    ttl: int | None


class Moment(NamedTuple):
    """What was known when an event had happened: it and those before it that counted still."""

    event: Event
    events: tuple[Event, ...]


def moments(correlated: Sequence[Correlated], first: str, within: int | None) -> Iterator[Moment]:
    """Give each moment from the event at the place `first` on.

    Of the events before, those count that had not expired by then, and that are not more than
    `within` milliseconds older.
    """
    start = bisect_left(correlated, first, key=lambda each: each.place)
    for index in range(start, len(correlated)):
        last = correlated[index]
        now = last.event.timestamp
        counted = tuple(
            each.event
            for each in correlated[: index + 1]
            if (each.expires is None or now <= each.expires)
            and (within is None or now - each.event.timestamp <= within)
        )
        if counted and counted[-1] is last.event:
            yield Moment(last.event, counted)


def triggers_of(result: object, last: Event) -> tuple[Event, ...]:
    """Give the events that made an expression true, by what it gave; none: it is not true.

    It gives true or false, or those events. Raises TypeError for anything else.
    """
    if isinstance(result, Mapping):
        return (_event(cast("Mapping[str, Any]", result)),)
    if isinstance(result, list | tuple):
        return tuple(map(_event, cast("Iterable[Any]", result)))
    if result is None or isinstance(result, bool):
        return (last,) if result else ()
    raise TypeError(
        "an expression gives True or False, or those of the correlated events that make it true, "
        f"got {type(result).__name__}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """What all events of an emission have: whose it is, for which key, and under which name."""

    source: str
    rule: str
    partition: str
    key: str
    name: str = ""

    @property
    def id(self) -> str:
        """The same whenever, wherever and by which of the events it is made."""
        return f"{digest(self.source, self.partition, self.rule, self.name)}.{self.rule}"

    def template(self, triggers: Sequence[Event]) -> dict[str, Any]:
        """Give what an event of it has unless something else is given."""
        tags = {
            name: value
            for trigger in triggers
            for name, value in trigger.tags.items()
            if name not in _PLACE_TAGS
        }
        return {
            "id": self.id,
            "timestamp": triggers[-1].timestamp,
            "partitionKey": self.key,
            "tags": {**tags, "pipeline": self.rule},
            "triggers": [
                {"id": each.id, "type": each.type, "timestamp": each.timestamp} for each in triggers
            ],
        }

    def of_type(self, name: str, like: Event, triggers: Sequence[Event]) -> list[dict[str, Any]]:
        """Give the one event of a type, with the entity of another event."""
        entity = {name: value for name, value in like.items() if name not in _OF_ITS_OWN}
        return [{**entity, **self.template(triggers), "type": name}]

    def of_given(self, given: object, triggers: Sequence[Event]) -> list[dict[str, Any]]:
        """Give the events that a function gave, one, several or none; raises TypeError."""
        several = cast("Iterable[Any]", given) if isinstance(given, list | tuple) else [given]
        members = [each for each in several if each is not None]
        template = self.template(triggers)
        events = [_emitted(each, template) for each in members]
        if len(events) > 1:
            events = [{**each, "id": f"{self.id}.{index}"} for index, each in enumerate(events)]
        return events


def _event(value: object) -> Event:
    if isinstance(value, Event):
        return value
    raise TypeError(
        "an expression gives those of `uow.correlated` that make it true, got "
        f"{type(value).__name__}; let `emit` make what is published"
    )


def _emitted(given: object, template: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise TypeError(f"emit must give an event, several or None, got {type(given).__name__}")
    members = cast("Mapping[str, Any]", given)
    if not isinstance(members.get("type"), str) or not members["type"]:
        raise ValueError("emit must give the `type` of the event")
    tags: dict[str, Any] = {**template["tags"], **(members.get("tags") or {})}
    return {**template, **members, "id": template["id"], "tags": tags}
