"""Queries that give several items: query and scan, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE, ResourceKind
from cdk_streamer_runtime.dynamodb import Item, marshal_item, unmarshal_item
from cdk_streamer_runtime.errors import DeadlineExceeded
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.queries.memory import remembered
from cdk_streamer_runtime.streams.sinks.requests import Request, Wanted, call, needed, use

ITEMS = 10_000  # what a step holds of one answer unless it is told otherwise
_MARSHALLED = ("ExclusiveStartKey", "ExpressionAttributeValues")


class Page(NamedTuple):
    """Items as they came, and the key that the next page begins after; None: it was the last."""

    items: list[dict[str, Any]]
    next_key: dict[str, Any] | None


class TooManyItems(ValueError):
    """An answer has more items than a step may hold."""


def query(
    *,
    request: str = "query_request",
    response: str = "query_response",
    table: str = TABLE_RESOURCE,
    consistent: bool = False,
    cache: bool = True,
    most: int = ITEMS,
    name: str = "query",
) -> Call:
    """Give a step that reads the items of a partition, all pages of them.

    A request is what Query takes, with plain values; with `Limit` it reads so many items and no
    more. Over `most` items TooManyItems is raised. `consistent` is for the table, not an index.
    """
    uses = (use(ResourceKind.TABLE, table, "dynamodb:Query"),)
    read = _reader("Query", ("KeyConditionExpression",), table, most, consistent, cache)
    return call(name=name, request=request, response=response, send=read, uses=uses)


def scan(
    *,
    request: str = "scan_request",
    response: str = "scan_response",
    table: str = TABLE_RESOURCE,
    consistent: bool = False,
    cache: bool = True,
    most: int = ITEMS,
    name: str = "scan",
) -> Call:
    """Give a step that reads the items of a table or index, all pages of them: `{}`.

    A request is what Scan takes, with plain values. For tables without bound there is the rule
    Job, which goes on where it stopped.
    """
    uses = (use(ResourceKind.TABLE, table, "dynamodb:Scan"),)
    read = _reader("Scan", (), table, most, consistent, cache)
    return call(name=name, request=request, response=response, send=read, uses=uses)


def pages(aws: Aws, operation: str, parameters: Mapping[str, Any]) -> Iterator[Page]:
    """Give the pages of a Query or Scan as they are asked for; keys and values are as on the wire.

    A page may be empty and still have a next one.
    """
    asked = dict(parameters)
    while True:
        answer = aws.call("dynamodb", operation, asked)
        next_key = answer.get("LastEvaluatedKey") or None
        yield Page(answer["Items"], next_key)
        if next_key is None:
            return
        asked["ExclusiveStartKey"] = next_key


def wire(request: Request, table: str) -> dict[str, Any]:
    """Give the parameters of a Query or Scan for a request with plain values."""
    parameters = {**request, "TableName": table}
    for name in _MARSHALLED:
        if name in parameters:
            parameters[name] = marshal_item(request[name])
    return parameters


def _reader(  # noqa: PLR0917 - one table of what the two differ in
    operation: str,
    members: tuple[str, ...],
    table: str,
    most: int,
    consistent: bool,  # noqa: FBT001 - an option of both
    cache: bool,  # noqa: FBT001 - an option of both
) -> Callable[[Wanted, World], list[Item]]:
    if most < 1:
        raise ValueError(f"most must be at least 1, got {most!r}")

    def read(wanted: Wanted, world: World) -> list[Item]:
        given = needed(wanted.request, *members)
        address = world.resources.address(ResourceKind.TABLE, table)
        own = {} if "IndexName" in given else {"ConsistentRead": consistent}
        parameters = wire({**own, **given}, address)

        def ask() -> list[dict[str, Any]]:
            return _all(world, operation, parameters, most)

        question = {operation: parameters}
        items = remembered(world, address, question, ask) if cache else ask()
        return [unmarshal_item(item) for item in items]

    return read


def _all(
    world: World, operation: str, parameters: Mapping[str, Any], most: int
) -> list[dict[str, Any]]:
    limit = parameters.get("Limit")
    found: list[dict[str, Any]] = []
    for page in pages(world.aws, operation, parameters):
        found += page.items
        if limit is not None and len(found) >= limit:
            return found[:limit]
        if len(found) > most:
            raise TooManyItems(
                f"{operation} gives more than {most} items; narrow it, give it a Limit, or raise "
                "most="
            )
        # A filter can leave nothing of any number of pages.
        if page.next_key is not None and world.platform.clock() >= world.deadline:
            raise DeadlineExceeded(f"{operation} has more pages than there is time for; narrow it")
    return found
