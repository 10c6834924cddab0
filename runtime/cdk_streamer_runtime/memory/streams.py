"""DynamoDB Streams in memory: records as Lambda receives them, and reading them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.memory.tables import MemoryTable, StreamChange, TableSchema
from cdk_streamer_runtime.memory.values import copied_item, size_of_item

RECORDS = 1000  # of one answer


class MemoryStreams:
    """The operations that read records by their place; each stream has one shard."""

    def __init__(self, table: Callable[[object], MemoryTable]) -> None:
        self._table = table

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        match operation:
            case "GetShardIterator":
                return {"ShardIterator": _shard_iterator(parameters)}
            case "GetRecords":
                return self._get_records(parameters)
            case _:
                raise NotImplementedError(f"DynamoDB Streams' {operation} is not known here")

    def _get_records(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        place = json.loads(parameters["ShardIterator"])
        table = self._table(place["table"])
        changes = table.changes_after(place["after"])[: parameters.get("Limit", RECORDS)]
        last = changes[-1].number if changes else place["after"]
        return {
            "Records": [stream_record(table.schema, change) for change in changes],
            "NextShardIterator": json.dumps({"table": place["table"], "after": last}),
        }


def stream_record(table: TableSchema, change: StreamChange) -> dict[str, Any]:
    """Give a change as the record that a Lambda function receives."""
    image = change.new or change.old or {}
    images = {"NewImage": change.new, "OldImage": change.old}
    name = "INSERT" if change.old is None else "REMOVE" if change.new is None else "MODIFY"
    return {
        "eventID": f"{change.number:032x}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "memory",
        "dynamodb": {
            "ApproximateCreationDateTime": change.time // 1000,
            "Keys": copied_item({key: image[key] for key in table.keys}),
            **{kind: copied_item(item) for kind, item in images.items() if item is not None},
            "SequenceNumber": f"{change.number:021d}",
            "SizeBytes": sum(size_of_item(item) for item in images.values() if item is not None),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": stream_arn(table.name),
    }


def stream_arn(table_name: str) -> str:
    """Give the name of a table's stream."""
    return f"arn:aws:dynamodb:memory:000000000000:table/{table_name}/stream/memory"


def _shard_iterator(parameters: Mapping[str, Any]) -> str:
    table = str(parameters["StreamArn"]).split("/")[1]
    match parameters["ShardIteratorType"]:
        case "AT_SEQUENCE_NUMBER":
            after = int(parameters["SequenceNumber"]) - 1
        case "AFTER_SEQUENCE_NUMBER":
            after = int(parameters["SequenceNumber"])
        case _:
            after = 0
    return json.dumps({"table": table, "after": after})
