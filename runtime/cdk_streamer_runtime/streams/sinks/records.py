"""Sink for Kinesis: records of a stream."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.documents import size as bytes_of
from cdk_streamer_runtime.streams.claims.packing import PACKING_USES, Packed
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Entry
from cdk_streamer_runtime.streams.sinks.limits import (
    PARTITION_KEY_CHARACTERS,
    RECORD_BYTES,
    RECORDS,
    RECORDS_BYTES,
    within,
)
from cdk_streamer_runtime.streams.sinks.payloads import (
    Payload,
    emitted,
    entry_error,
    packed_text,
    sent,
)
from cdk_streamer_runtime.streams.sinks.requests import Wanted, bulk, needed, use


def put_records(
    *,
    stream: str,
    request: str = "record_request",
    response: str = "record_response",
    record_bytes: int = RECORD_BYTES,
    compress: int | None = None,
    name: str = "put_records",
) -> BulkCall:
    """Give a step that puts records into a stream, 500 a call.

    A request is an event, or `{"Data": ..., "PartitionKey": ...}` with bytes, a text or any JSON
    value. Default: the partition key of the event. `record_bytes` is what the stream takes as one
    record, up to 10 MiB; what is over it goes by claim check.
    """

    def entry(wanted: Wanted, world: World) -> Entry:
        given = needed(wanted.request)
        content: Any = given["Data"] if "Data" in given else emitted(given, world)
        key = given.get("PartitionKey") or given.get("partitionKey")
        key = _partition_key(key or wanted.uow.event["partitionKey"] or wanted.id)
        room = bytes_of(key)
        data, packed = _data(content, record_bytes - room, world, compress)
        value: dict[str, Any] = {"Data": data, "PartitionKey": key}
        if "ExplicitHashKey" in given:
            value["ExplicitHashKey"] = given["ExplicitHashKey"]
        return Entry(value=Payload(value, packed), size=packed.size + room)

    def send(payloads: Sequence[Payload], world: World) -> list[Any]:
        address = world.resources.address(ResourceKind.STREAM, stream)

        def put(records: list[Any]) -> list[Any]:
            parameters = {"StreamName": address, "Records": records}
            answer = world.aws.call("kinesis", "PutRecords", parameters)
            return [_result(each) for each in answer["Records"]]

        return sent(payloads, world, put)

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=entry,
        send=send,
        count=RECORDS,
        size=RECORDS_BYTES,
        uses=(use(ResourceKind.STREAM, stream, "kinesis:PutRecords"), *PACKING_USES),
    )


def _data(content: Any, limit: int, world: World, compress: int | None) -> tuple[str, Packed]:  # noqa: ANN401 - a user's
    if isinstance(content, bytes | bytearray):
        size = within(len(content), limit, "a record")
        return b64encode(content).decode(), Packed("", size)
    packed = packed_text(content, limit, world, compress)
    return b64encode(packed.text.encode()).decode(), packed


def _partition_key(key: str) -> str:
    return key if len(key) <= PARTITION_KEY_CHARACTERS else digest(key)


def _result(result: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a response or an error
    code = result.get("ErrorCode")
    return result if code is None else entry_error(code, "", "PutRecords")
