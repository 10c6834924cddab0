"""What came to a stream lately: read beside its functions, which notice nothing."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_local.cloud.services import Services
from cdk_streamer_runtime.attributes import unmarshal_item

SHOWN = 20
_PAGES = 5
_SINCE_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """One record: a document of DynamoDB, or the text of Kinesis."""

    sequence: str
    key: str
    time: float
    event: str
    document: Any


def latest(services: Services, arn: str) -> Sequence[Latest]:
    """Give the latest records of a stream, the newest first; of a queue none."""
    match arn.split(":")[2:3]:
        case ["kinesis"]:
            found = [_of_kinesis(each) for each in _kinesis(services, arn.rpartition("/")[2])]
        case ["dynamodb"]:
            found = [_of_table(each) for each in _changes(services, arn)]
        case _:
            found = list[Latest]()
    return sorted(found, key=lambda each: (each.time, int(each.sequence)), reverse=True)[:SHOWN]


def _kinesis(services: Services, name: str) -> Iterator[Mapping[str, Any]]:
    client = services.client("kinesis")
    for shard in client.list_shards(StreamName=name)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=name,
            ShardId=shard["ShardId"],
            ShardIteratorType="AT_TIMESTAMP",
            Timestamp=time.time() - _SINCE_SECONDS,
        )["ShardIterator"]
        yield from _pages(client, iterator)


def _changes(services: Services, arn: str) -> Iterator[Mapping[str, Any]]:
    client = services.client("dynamodbstreams")
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        yield from _pages(client, iterator)


def _pages(client: Any, iterator: str | None) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - a boto3 client
    for _ in range(_PAGES):
        if not iterator:
            return
        told = client.get_records(ShardIterator=iterator)
        yield from told["Records"]
        if not told["Records"]:
            return
        iterator = told.get("NextShardIterator")


def _of_kinesis(record: Mapping[str, Any]) -> Latest:
    return Latest(
        sequence=record["SequenceNumber"],
        key=record["PartitionKey"],
        time=record["ApproximateArrivalTimestamp"].timestamp(),
        event="record",
        document=record["Data"],
    )


def _of_table(record: Mapping[str, Any]) -> Latest:
    change = record["dynamodb"]
    return Latest(
        sequence=change["SequenceNumber"],
        key=" ".join(str(value) for each in change["Keys"].values() for value in each.values()),
        time=change["ApproximateCreationDateTime"].timestamp(),
        event=record["eventName"].lower(),
        document={
            name: unmarshal_item(_as_sent(change[name]))
            for name in ("OldImage", "NewImage")
            if name in change
        },
    )


def _as_sent(value: Any) -> Any:  # noqa: ANN401 - a document
    """Give binary values as JSON has them, which boto3 has decoded."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case list():
            return [_as_sent(each) for each in cast("list[Any]", value)]
        case dict():
            return {name: _as_sent(each) for name, each in cast("dict[str, Any]", value).items()}
        case _:
            return value
