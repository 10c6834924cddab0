"""The evaluator: reads what is correlated, asks a rule, and stores what it emits, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.routing.patterns import event_types
from cdk_streamer_runtime.streams.store.evaluation import Emission, Moment, moments, triggers_of
from cdk_streamer_runtime.streams.store.keys import PK, SK, emission_key
from cdk_streamer_runtime.streams.store.rows import Origin, Row, emission_row, ttl_of
from cdk_streamer_runtime.streams.store.table import EventStore
from cdk_streamer_runtime.streams.uow import UnitOfWork, leaves_of

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.rules.evaluate import Evaluate

_MILLISECOND = timedelta(milliseconds=1)


class Evaluator:
    """Evaluates a rule, for one partition after the other: no more than one is in the memory."""

    def __init__(self, rule: Evaluate, world: World) -> None:
        self._rule = rule
        self._world = world
        self._store = EventStore(world, rule.table)

    def evaluate(self, uow: UnitOfWork) -> None:
        """Store what the rule emits because of these new events.

        Who is second stores nothing: another batch may have seen the same events.
        """
        if self._rule.expression is None:
            self._emit(uow, (uow.event,), uow.row["ttl"], set())
            return
        emitted = set[str]()
        known, latest = self._known(uow)
        for moment in known:
            at = uow.extend(event=moment.event, correlated=moment.events, key=uow.row["data"])
            if self._takes(at):
                triggers = triggers_of(self._rule.expression(at), moment.event)
                self._emit(at, triggers, latest, emitted)
            if emitted and self._rule.emission_key is None:
                return

    def emit_instead(self, uow: UnitOfWork, event: dict[str, Any]) -> None:
        """Store what is emitted in the place of what the rule would emit, if it has not yet."""
        at = uow.extend(correlated=(uow.event,), triggers=(uow.event,))
        name = "" if self._rule.emission_key is None else _name(self._rule.emission_key(at))
        self._store.put_if_absent(self._row(uow, [event], name, uow.row["ttl"]))

    def _known(self, uow: UnitOfWork) -> tuple[Iterator[Moment], int]:
        rows: list[Mapping[str, Any]] = [leaf.row for leaf in leaves_of(uow)]
        first = min(rows, key=lambda row: row[SK])
        within = None if self._rule.within is None else self._rule.within // _MILLISECOND
        since = None if within is None else first["timestamp"] - within
        found = self._store.correlated(uow.row[PK], since=since, most=self._rule.most)
        latest = max((each.ttl or 0 for each in found), default=0)
        return moments(found, first[SK], within), latest

    def _takes(self, uow: UnitOfWork) -> bool:
        types = event_types(self._rule.event_type)
        if not (types.any or types.match(uow.event.type)):
            return False
        return self._rule.filter is None or bool(self._rule.filter(uow))

    def _emit(
        self, uow: UnitOfWork, triggers: tuple[Event, ...], latest: int, emitted: set[str]
    ) -> None:
        if not triggers:
            return
        uow = uow.extend(triggers=triggers)
        name = "" if self._rule.emission_key is None else _name(self._rule.emission_key(uow))
        if name in emitted:
            return
        if events := self._events(uow, triggers, name):
            emitted.add(name)
            self._store.put_if_absent(self._row(uow, events, name, latest))

    def _events(
        self, uow: UnitOfWork, triggers: Sequence[Event], name: str
    ) -> list[dict[str, Any]]:
        rule = self._rule
        emission = Emission(
            source=self._world.tags.get("source", ""),
            rule=rule.id,
            partition=uow.row[PK],
            key=_key(uow),
            name=name,
        )
        if isinstance(rule.emit, str):
            return emission.of_type(rule.emit, uow.event, triggers)
        return emission.of_given(rule.emit(uow), triggers)

    def _row(
        self, uow: UnitOfWork, events: Sequence[Mapping[str, Any]], name: str, latest: int
    ) -> Row:
        place = emission_key(uow.row[PK], self._rule.id, name)
        ttl = ttl_of(max(latest * 1_000, uow.event.timestamp), self._rule.keep)
        origin = Origin(region=self._world.tags.get("region"), rule=self._rule.id)
        return emission_row(events, place, _key(uow), ttl, origin)


def _key(uow: UnitOfWork) -> str:
    return uow.row.get("data") or uow.event.partition_key


def _name(given: object) -> str:
    if isinstance(given, str) and given:
        return given
    raise TypeError(f"emission_key must give a text, got {type(given).__name__}")
