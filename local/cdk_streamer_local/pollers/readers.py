"""Reads the engine's streams, shard by shard, into records as functions get them."""

from __future__ import annotations

import base64
import bisect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from cdk_streamer_local.pollers.record import Record

_Document = Mapping[str, Any]
_HORIZON = -1
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_HashKeyRange.html
_ALL_KEYS: tuple[int, int] = (0, 2**128 - 1)


class Reader(Protocol):
    """What was not read of one shard yet. `keys` is its range of hash keys."""

    name: str
    keys: tuple[int, int]

    def skip(self) -> None:
        """Pass by what is there."""
        ...

    def read(self, limit: int) -> tuple[Record, ...]:
        """Take so many records at most, the oldest first."""
        ...


class KinesisReader:
    """One shard of a Kinesis stream, which may be gone from the stream by now."""

    def __init__(self, name: str, shard: _Document, envelope: _Document) -> None:
        self.name = name
        self.keys = (int(shard["starting_hash_key"]), int(shard["ending_hash_key"]))
        self._shard = shard
        self._envelope = envelope
        self._last = _HORIZON

    def skip(self) -> None:
        """Pass by what is there."""
        records: Sequence[_Document] = self._shard["records"]
        if records:
            self._last = _number(records[-1])

    def read(self, limit: int) -> tuple[Record, ...]:
        """Take so many records at most, the oldest first."""
        records: Sequence[_Document] = self._shard["records"]
        begin = bisect.bisect_right(records, self._last, key=_number)
        taken = records[begin : begin + limit]
        if taken:
            self._last = _number(taken[-1])
        return tuple(self._record(each) for each in taken)

    def _record(self, stored: _Document) -> Record:
        content = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": stored["PartitionKey"],
                "sequenceNumber": stored["SequenceNumber"],
                "data": _text(stored["Data"]),
                "approximateArrivalTimestamp": stored["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.name}:{stored['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            **self._envelope,
        }
        return Record(
            sequence=stored["SequenceNumber"],
            key=stored["PartitionKey"],
            arrived=float(stored["ApproximateArrivalTimestamp"]),
            size=len(json.dumps(content)),
            content=content,
        )


class TableReader:
    """The one shard of a table's stream; `since` gives records from a position on."""

    def __init__(
        self, name: str, position: int, since: Callable[[int, int], tuple[int, Sequence[_Document]]]
    ) -> None:
        """Take what gives the position of the first record, and records, for position and limit."""
        self.name = name
        self.keys: tuple[int, int] = _ALL_KEYS
        self._position = position
        self._since = since

    def skip(self) -> None:
        """Do nothing: its position is from when the mapping was made."""

    def read(self, limit: int) -> tuple[Record, ...]:
        """Take so many records at most, the oldest first."""
        begin, taken = self._since(self._position, limit)
        self._position = begin + len(taken)
        return tuple(_change(each) for each in taken)


def _change(content: _Document) -> Record:
    change: _Document = content["dynamodb"]
    return Record(
        sequence=change["SequenceNumber"],
        # Lambda keeps the order of an item, by both of its keys.
        key=json.dumps(change["Keys"], sort_keys=True),
        arrived=float(change["ApproximateCreationDateTime"]),
        size=len(json.dumps(content)),
        content=content,
    )


def _number(stored: _Document) -> int:
    return int(stored["SequenceNumber"])


def _text(data: object) -> str:
    """Give data as base64; the engine has it so, or as it came."""
    if isinstance(data, str):
        try:
            base64.b64decode(data, validate=True)
        except ValueError:
            return base64.b64encode(data.encode()).decode()
        return data
    return base64.b64encode(bytes(data)).decode() if isinstance(data, bytes) else ""
