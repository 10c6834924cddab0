"""Kinesis in memory: streams that keep the records that were put into them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.memory.refusals import Refusals

RECORDS = 500
REQUEST_BYTES = 10 * 1024 * 1024
KEY_CHARACTERS = 256


class MemoryDataStreams:
    """Data streams by name, each of one shard. `refusals` lets a test refuse the next records."""

    def __init__(self, names: Iterable[str]) -> None:
        self.refusals = Refusals()
        self._records: dict[str, list[dict[str, Any]]] = {name: [] for name in names}

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Give all records of a stream, in their order, their data as base64 text."""
        return [dict(record) for record in self._records[stream]]

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        if operation != "PutRecords":
            raise NotImplementedError(f"Kinesis' {operation} is not known to MemoryAws")
        stream = parameters["StreamName"]
        if stream not in self._records:
            raise aws_error("ResourceNotFoundException", "no such stream", 400, operation)
        records: list[dict[str, Any]] = list(parameters["Records"])
        if not 1 <= len(records) <= RECORDS or any(_is_bad(record) for record in records):
            raise aws_error("ValidationException", "records are malformed", 400, operation)
        if sum(map(_size, records)) > REQUEST_BYTES:
            raise aws_error("InvalidArgumentException", "Records size exceeds", 400, operation)
        results = [self._put(stream, record) for record in records]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedRecordCount": failed, "Records": results}

    def _put(self, stream: str, record: dict[str, Any]) -> dict[str, Any]:
        code = self.refusals.take()
        if code is not None:
            return {"ErrorCode": code, "ErrorMessage": code}
        kept = self._records[stream]
        sequence = f"{len(kept) + 1:056d}"
        kept.append({**record, "SequenceNumber": sequence})
        return {"SequenceNumber": sequence, "ShardId": "shardId-000000000000"}


def _is_bad(record: Mapping[str, Any]) -> bool:
    return not 1 <= len(record.get("PartitionKey", "")) <= KEY_CHARACTERS or "Data" not in record


def _size(record: Mapping[str, Any]) -> int:
    return len(base64.b64decode(record["Data"])) + len(record["PartitionKey"].encode())
