"""Queries for items by their keys: get and batch get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE, ResourceKind
from cdk_streamer_runtime.dynamodb import Item, marshal_item, unmarshal_item
from cdk_streamer_runtime.errors import Throttled
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Entry
from cdk_streamer_runtime.streams.queries.memory import answers_of, key_of, remembered
from cdk_streamer_runtime.streams.sinks.limits import READS
from cdk_streamer_runtime.streams.sinks.requests import Wanted, bulk, call, needed, use

_KEYS_BYTES = 16 * 1024 * 1024  # of a request; a key is two kilobytes at most


def get(
    *,
    request: str = "get_request",
    response: str = "get_response",
    table: str = TABLE_RESOURCE,
    consistent: bool = False,
    cache: bool = True,
    name: str = "get",
) -> Call:
    """Give a step that reads an item: `{"Key": {...}}`; the response is the item or None.

    The same question is asked once an invocation, unless `cache` is off or something was written
    to the table meanwhile. `consistent` reads see all writes that ended before.
    """

    def send(wanted: Wanted, world: World) -> Item | None:
        given = needed(wanted.request, "Key")
        address = world.resources.address(ResourceKind.TABLE, table)
        parameters = {"ConsistentRead": consistent, **given, "TableName": address}
        parameters["Key"] = marshal_item(given["Key"])

        def ask() -> dict[str, Any] | None:
            return world.aws.call("dynamodb", "GetItem", parameters).get("Item")

        item = remembered(world, address, {"GetItem": parameters}, ask) if cache else ask()
        # Each gets an item of its own: what one does to it is nothing to the others.
        return None if item is None else unmarshal_item(item)

    uses = (use(ResourceKind.TABLE, table, "dynamodb:GetItem"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


class _Keys(NamedTuple):
    """The keys that a unit of work asks for, each with the text that it is remembered by."""

    keys: tuple[dict[str, Any], ...]
    names: tuple[str, ...]


def batch_get(
    *,
    request: str = "batch_get_request",
    response: str = "batch_get_response",
    table: str = TABLE_RESOURCE,
    consistent: bool = False,
    cache: bool = True,
    name: str = "batch_get",
) -> BulkCall:
    """Give a step that reads items: `{"Keys": [{...}, ...]}`, a hundred a call.

    The response is a list of items in the order of the keys, None where there is none. Keys that
    several units of work ask for are read once; with `cache` off that is so within a call alone.
    """

    def entry(wanted: Wanted, _world: World) -> Entry:
        given: Sequence[Mapping[str, object]] = needed(wanted.request, "Keys")["Keys"]
        keys = tuple([marshal_item(key) for key in given])
        names = tuple([key_of({"BatchGetItem": key, "consistent": consistent}) for key in keys])
        return Entry(value=_Keys(keys, names), size=sum(map(len, names)))

    def send(entries: Sequence[_Keys], world: World) -> list[Any]:
        address = world.resources.address(ResourceKind.TABLE, table)
        found = answers_of(world, address) if cache else {}
        missing = {
            name: key
            for entry in entries
            for name, key in zip(entry.names, entry.keys, strict=True)
            if name not in found
        }
        for start in range(0, len(missing), READS):
            part = dict(list(missing.items())[start : start + READS])
            found.update(_read(part, address, world, consistent=consistent))
        return [_items(entry, found) for entry in entries]

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=entry,
        send=send,
        count=READS,
        size=_KEYS_BYTES,
        uses=(use(ResourceKind.TABLE, table, "dynamodb:BatchGetItem"),),
        ordered=False,
    )


def _read(
    keys: Mapping[str, dict[str, Any]], table: str, world: World, *, consistent: bool
) -> dict[str, Any]:
    """Give the items by their names, None for those that are not; without those put off."""
    asked = {"Keys": list(keys.values()), "ConsistentRead": consistent}
    answer = world.aws.call("dynamodb", "BatchGetItem", {"RequestItems": {table: asked}})
    unprocessed: dict[str, Any] = answer.get("UnprocessedKeys") or {}
    left = [unmarshal_item(key) for key in unprocessed.get(table, {}).get("Keys", [])]
    # A number may come back written in another way than it was sent.
    names = {_identity(unmarshal_item(key)): name for name, key in keys.items()}
    found: dict[str, Any] = {
        name: None for name, key in keys.items() if unmarshal_item(key) not in left
    }
    attributes = [*next(iter(keys.values()))]
    for item in answer["Responses"].get(table, []):
        plain = unmarshal_item({attribute: item[attribute] for attribute in attributes})
        found[names[_identity(plain)]] = item
    return found


def _identity(key: Item) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(key.items()))


def _items(entry: _Keys, found: Mapping[str, Any]) -> list[Item | None] | Throttled:
    if any(name not in found for name in entry.names):
        return Throttled("UnprocessedKeys", "some items were put off", 400, "BatchGetItem")
    items = [found[name] for name in entry.names]
    return [None if item is None else unmarshal_item(item) for item in items]
