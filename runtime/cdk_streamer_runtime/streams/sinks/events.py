"""Sink for EventBridge: events on a bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE, ResourceKind
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.claims.packing import PACKING_USES, packed
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Entry
from cdk_streamer_runtime.streams.sinks.limits import EVENTS, EVENTS_BYTES, within
from cdk_streamer_runtime.streams.sinks.payloads import Payload, emitted, entry_error, sent
from cdk_streamer_runtime.streams.sinks.requests import Wanted, bulk, chunks, needed, use


def publish(
    *,
    request: str = "publish_request",
    response: str = "publish_response",
    bus: str = BUS_RESOURCE,
    compress: int | None = None,
    name: str = "publish",
) -> BulkCall:
    """Give a step that puts events on a bus: the detail is the event, and its type the detail's.

    `compress` is over how many bytes an event is compressed; default: never. What is over the
    limit of the bus then goes by claim check.
    """

    def entry(wanted: Wanted, world: World) -> Entry:
        address = world.resources.address(ResourceKind.EVENT_BUS, bus)
        return _entry(needed(wanted.request), address, world, compress)

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=entry,
        send=_send,
        count=EVENTS,
        size=EVENTS_BYTES,
        uses=(use(ResourceKind.EVENT_BUS, bus, "events:PutEvents"), *PACKING_USES),
    )


def publish_events(
    events: Sequence[Mapping[str, Any]], world: World, *, bus: str = BUS_RESOURCE
) -> list[Exception | None]:
    """Put events on a bus, outside of any pipeline, and give what each of them met."""
    address = world.resources.address(ResourceKind.EVENT_BUS, bus)
    met: list[Exception | None] = [None] * len(events)
    entries: list[Entry] = []
    places: list[int] = []
    for index, event in enumerate(events):
        try:
            entries.append(_entry(event, address, world, None))
        except (TypeError, ValueError) as error:
            met[index] = error
        else:
            places.append(index)
    answers = [
        answer for chunk in chunks(entries, EVENTS, EVENTS_BYTES) for answer in _all(chunk, world)
    ]
    for index, answer in zip(places, answers, strict=True):
        met[index] = answer if isinstance(answer, Exception) else None
    return met


def _all(chunk: Sequence[Entry], world: World) -> list[Any]:
    if not chunk:
        return []
    try:
        return _send([entry.value for entry in chunk], world)
    except AwsError as error:
        return [error] * len(chunk)


def _entry(event: Mapping[str, Any], bus: str, world: World, compress: int | None) -> Entry:
    event = emitted(event, world)
    source, kind = event["tags"].get("source"), event["type"]
    if not (isinstance(source, str) and source):
        raise ValueError("an event to publish needs the tag 'source', who it comes from")
    room = size(source) + size(kind)
    detail = packed(event, EVENTS_BYTES - room, world, compress=compress)
    value = {
        "Source": source,
        "DetailType": kind,
        "Detail": detail.text,
        "EventBusName": bus,
    }
    total = within(room + detail.size, EVENTS_BYTES, "an event")
    return Entry(value=Payload(value, detail), size=total)


def _send(payloads: Sequence[Payload], world: World) -> list[Any]:
    def put(entries: list[Any]) -> list[Any]:
        answer = world.aws.call("events", "PutEvents", {"Entries": entries})
        return [_result(each) for each in answer["Entries"]]

    return sent(payloads, world, put)


def _result(result: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a response or an error
    code = result.get("ErrorCode")
    if code is None:
        return result
    return entry_error(code, "", "PutEvents")
