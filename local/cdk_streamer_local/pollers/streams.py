"""The engine's streams: which shards a mapping has to read now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from cdk_streamer_local.pollers.readers import KinesisReader, Reader, TableReader

Scope = tuple[str, str]  # an account and a region
Mapped = Mapping[str, Any]  # an event source mapping, as the engine has it
Readers = dict[Hashable, Callable[[], Reader]]

_TABLE_SHARD = "shardId-00000000000000000000-00000000"  # the engine has one for each table
_SERVICE = 2  # its place in an ARN


def service_of(mapping: Mapped) -> str:
    """Give the service whose records a mapping is about."""
    parts = str(mapping.get("EventSourceArn", "")).split(":")
    return parts[_SERVICE] if len(parts) > _SERVICE else ""


def readers(services: Any, scope: Scope, mapping: Mapped, role: str) -> Readers:  # noqa: ANN401 - modules of the engine
    """Give what makes a reader of each shard that there is now, from its beginning."""
    if service_of(mapping) == "dynamodb":
        positions = services.functions._dynamodb_stream_positions  # noqa: SLF001
        begin = int(positions.get(mapping["UUID"]) or 0)  # from when the mapping was made
        since = _changes(services, scope, mapping["EventSourceArn"])
        return {"table": lambda: TableReader(_TABLE_SHARD, begin, since)}
    return _shards(services, mapping["EventSourceArn"], role)


def _shards(services: Any, arn: str, role: str) -> Readers:  # noqa: ANN401 - see above
    _, _, _, region, account, path = arn.split(":", 5)
    name = path.split("/")[1]  # a consumer's address goes on behind it
    stream: Mapping[str, Any] = services.kinesis._streams.get_scoped(account, region, name) or {}  # noqa: SLF001
    envelope = {"invokeIdentityArn": role, "awsRegion": region, "eventSourceARN": arn}
    shards: Mapping[str, Mapping[str, Any]] = dict(stream.get("shards", {}))
    return {
        # The engine gives the names of shards again when their number is set.
        (shard, about["starting_sequence_number"]): _maker(shard, about, envelope)
        for shard, about in shards.items()
    }


def _maker(
    name: str, shard: Mapping[str, Any], envelope: Mapping[str, Any]
) -> Callable[[], Reader]:
    return lambda: KinesisReader(name, shard, envelope)


def _changes(
    services: Any,  # noqa: ANN401 - see above
    scope: Scope,
    arn: str,
) -> Callable[[int, int], tuple[int, Sequence[Any]]]:
    """Give what reads a table's stream from a position on; it can be read when it was closed."""
    tables = services.dynamodb
    name = arn.split("/")[1]

    def since(position: int, limit: int) -> tuple[int, Sequence[Any]]:
        with services.responses.request_scope(*scope):
            table: Mapping[str, Any] = tables._tables.get(name) or {}  # noqa: SLF001
            if table.get("LatestStreamArn") == arn:
                begin = max(position, tables.stream_start_position(name))
                return begin, tables.stream_records_since(name, begin, limit)
            closed: Mapping[str, Any] | None = tables.closed_stream(arn)
            if closed is None:
                return position, ()
            begin = max(position, closed["trimmed"])
            return begin, closed["records"][begin - closed["trimmed"] :][:limit]

    return since
