"""The router: which pipelines an event goes into, at a cost that does not grow with the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Malformed
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline

# Types are few; should somebody put ids into them, this bounds the memory.
REMEMBERED_TYPES = 4_096
# A sort key that is a type has 1024; what is much longer would be searched for minutes.
TYPE_CHARACTERS = 2_048


class Router:
    """The pipelines by the types that they take, each time in the order in which they were given.

    `source` is who runs them: what it has emitted itself is only for pipelines that ask for it.
    """

    def __init__(self, pipelines: Iterable[Pipeline], *, source: str = "") -> None:
        self.source = source
        self._found: dict[str, tuple[Pipeline, ...]] = {}
        self._exact: dict[str, list[tuple[int, Pipeline]]] = defaultdict(list)
        self._searched: list[tuple[int, Pipeline]] = []
        for place in enumerate(pipelines):
            types = place[1].types
            for event_type in types.exact:
                self._exact[event_type].append(place)
            if types.any or types.wildcards or types.patterns or types.predicates:
                self._searched.append(place)

    def route(self, event_type: str) -> tuple[Pipeline, ...]:
        """Give the pipelines that take this type; raises Malformed for what is none."""
        found = self._found.get(event_type)
        return self._search(event_type) if found is None else found

    def route_event(self, event: Event) -> tuple[Pipeline, ...]:
        """Give the pipelines that take this event, as far as its type and its tags tell.

        Raises Malformed for what is no type. An event with the tag `skip` is nobody's.
        """
        event_type = event["type"]
        found = self._found.get(event_type)
        if found is None:
            found = self._search(event_type)
        tags = event.get("tags")
        if not found or not tags:
            return found
        if tags.get("skip") is True:
            return ()
        if self.source and tags.get("source") == self.source:
            return tuple(pipeline for pipeline in found if pipeline.own)
        return found

    def _search(self, event_type: str) -> tuple[Pipeline, ...]:
        if len(event_type) > TYPE_CHARACTERS:
            raise Malformed(f"`type` must have {TYPE_CHARACTERS} characters at most")
        places = dict(self._exact.get(event_type, ()))
        places.update(
            (place, pipeline)
            for place, pipeline in self._searched
            if pipeline.types.any or pipeline.types.match_pattern(event_type)
        )
        found = tuple(places[place] for place in sorted(places))
        if len(self._found) >= REMEMBERED_TYPES:
            self._found.clear()
        self._found[event_type] = found
        return found
