"""Emission: the event that is made of another one, with an id that is the same each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.functions import without_request
from cdk_streamer_runtime.streams.pipelines.splits import SPLIT_NUMBER
from cdk_streamer_runtime.streams.pipelines.steps import Each
from cdk_streamer_runtime.streams.uow import UnitOfWork

PUBLISH_REQUEST = "publish_request"
TO_EVENT = "to_event"
# What a copy of the source's event brings along although it is the other event's.
_OF_ITS_OWN = frozenset({"id", "raw", "tags"})


def emission(
    pipeline: str,
    to_event: Callable[[UnitOfWork], Mapping[str, Any] | None],
    *,
    number: int = 1,
) -> Each:
    """Give the step that makes the event to publish; none where `to_event` gives None.

    `to_event` gives its entity, and whatever else shall differ from the event it is made of:
    type, timestamp and partition key are the same. The id is made of the other's and the
    pipeline's, so that it is the same when the record comes again; with the `number` of the step,
    if the pipeline has more of them. `raw` does not go along.
    """
    tags = {"pipeline": pipeline}
    emitter = pipeline if number == 1 else f"{pipeline}-{number}"

    def apply(uow: UnitOfWork) -> UnitOfWork:
        given = to_event(uow)
        if given is None:
            return without_request(uow, PUBLISH_REQUEST)
        _, source, _, scope = uow
        part = scope.get(SPLIT_NUMBER)
        name = f"{source['id']}.{emitter}"
        event: dict[str, Any] = {
            "id": name if part is None else f"{name}.{part}",
            "type": source["type"],
            "timestamp": source["timestamp"],
            "partitionKey": source["partitionKey"],
            "tags": tags,
        }
        if given.__class__ is not dict:
            _check(given)
        if _OF_ITS_OWN.isdisjoint(given):
            event.update(given)
        else:
            event.update(_without_the_sources(given, source))
            event["tags"] = {**(event["tags"] or {}), **tags}
        return uow.extend(publish_request=event)

    return Each(name=TO_EVENT, apply=apply)


def _check(given: object) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(f"to_event must give a mapping or None, got {type(given).__name__}")


def _without_the_sources(given: Mapping[str, Any], source: Event) -> dict[str, Any]:
    return {
        name: value
        for name, value in given.items()
        if name not in _OF_ITS_OWN or value is not source.get(name)
    }
