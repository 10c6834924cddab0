"""What happened to things, and how each source tells it."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cdk_streamer_runtime.attributes import marshal_item
from cdk_streamer_runtime.documents import encode

ACTIONS = {"created": "INSERT", "updated": "MODIFY", "deleted": "REMOVE"}
FIRST = 10**20


class Source(StrEnum):
    """Where records come from."""

    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    QUEUE = "queue"
    FIFO = "fifo"

    @property
    def is_stream(self) -> bool:
        """Tell whether it has shards, and so one order of all."""
        return self in {Source.KINESIS, Source.DYNAMODB}

    @property
    def is_ordered(self) -> bool:
        """Tell whether what is of one key comes in order."""
        return self is not Source.QUEUE


class Bad(StrEnum):
    """Why a record can never be done, there."""

    RAISES = "raises"  # a function of the user's
    REFUSED = "refused"  # by the service, whenever it is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to one thing. `bad` is by pipeline; `number` is the place in its shard."""

    number: int
    key: str
    action: str
    timestamp: int
    at: int  # when it gets into its source
    bad: Mapping[str, Bad] = field(default_factory=dict[str, Bad])
    undecodable: bool = False
    foreign: bool = False  # of a type that no pipeline takes

    @property
    def id(self) -> str:
        """What its event is called."""
        return f"e{self.number}"

    @property
    def type(self) -> str:
        """The type of its event."""
        return f"{'other' if self.foreign else 'thing'}-{self.action}"

    @property
    def sequence(self) -> str:
        """Its sequence number, of as many digits as the others' but not always."""
        return str(FIRST + self.number * 7)

    @property
    def body(self) -> dict[str, Any]:
        """What the rules look at."""
        return {"id": self.id, "key": self.key, "number": self.number, "bad": dict(self.bad)}


def record_of(change: Change, source: Source) -> dict[str, Any]:
    """Give the record as Lambda hands it over."""
    match source:
        case Source.KINESIS:
            return _kinesis(change)
        case Source.DYNAMODB:
            return _dynamodb(change)
        case _:
            return _message(change, fifo=source is Source.FIFO)


def _event(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "type": change.type,
        "timestamp": change.timestamp,
        "partitionKey": change.key,
        "tags": {"source": "things"},
        "thing": change.body,
    }


def _text(change: Change) -> str:
    text = encode(_event(change))
    return text[: len(text) // 2] if change.undecodable else text


def _kinesis(change: Change) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": change.key,
            "sequenceNumber": change.sequence,
            "data": b64encode(_text(change).encode()).decode(),
            "approximateArrivalTimestamp": change.at / 1_000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{change.sequence}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/things",
    }


def _dynamodb(change: Change) -> dict[str, Any]:
    kind = "other" if change.foreign else "thing"
    item = {"pk": change.key, "sk": kind, "discriminator": kind, **change.body}
    image: dict[str, Any] = marshal_item(item)
    if change.undecodable:
        image["number"] = {"X": "?"}
    images: dict[str, Any] = {}
    if change.action != "deleted":
        images["NewImage"] = image
    if change.action != "created":
        images["OldImage"] = image
    return {
        # An event of a table is called as its record is.
        "eventID": change.id,
        "eventName": ACTIONS[change.action],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/things/stream/1",
        "dynamodb": {
            "ApproximateCreationDateTime": change.timestamp // 1_000,
            "Keys": {"pk": {"S": change.key}, "sk": {"S": kind}},
            "SequenceNumber": change.sequence,
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **images,
        },
    }


def _message(change: Change, *, fifo: bool) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": str(change.at),
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": str(change.at),
    }
    if fifo:
        attributes |= {
            "SequenceNumber": change.sequence,
            "MessageGroupId": change.key,
            "MessageDeduplicationId": change.id,
        }
    return {
        "messageId": f"m{change.number}",
        "receiptHandle": f"receipt-{change.number}",
        "body": _text(change),
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:things{'.fifo' if fifo else ''}",
        "awsRegion": "us-east-1",
    }


def identifier_of(change: Change, source: Source) -> str:
    """Give the `itemIdentifier` that an answer calls it by."""
    return change.sequence if source.is_stream else f"m{change.number}"


def number_of(record: Mapping[str, Any]) -> int:
    """Give the number of the change that a record tells."""
    if "messageId" in record:
        return int(record["messageId"][1:])
    if "kinesis" in record:
        return (int(record["kinesis"]["sequenceNumber"]) - FIRST) // 7
    return (int(record["dynamodb"]["SequenceNumber"]) - FIRST) // 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What changes there are: how many, of how many things, how fast, how bad."""

    source: Source
    count: int
    keys: int
    bad: float
    pipelines: tuple[str, ...]
    refusable: tuple[str, ...]

    def drawn(self, random: random.Random, start: int) -> list[Change]:
        """Draw the changes, in the order in which they get into their source."""
        at, timestamp, known = start, start, set[str]()
        changes: list[Change] = []
        for number in range(self.count):
            at += random.choice((0, 0, 0, 1, 50, 400))
            timestamp = max(timestamp + random.choice((0, 0, 1, 700)), at - 5_000)
            key = f"k{random.randrange(self.keys)}"
            action = random.choice(("updated", "updated", "deleted")) if key in known else "created"
            known.add(key)
            changes.append(
                Change(
                    number=number,
                    key=key,
                    action=action,
                    timestamp=self._told(random, timestamp),
                    at=at,
                    bad=self._bad(random),
                    undecodable=random.random() < self.bad / 3,
                    foreign=random.random() < 0.05,
                )
            )
        return changes

    def _told(self, random: random.Random, timestamp: int) -> int:
        if self.source is Source.DYNAMODB:
            return timestamp // 1_000 * 1_000
        # Producers' clocks differ, and what is late is late.
        return timestamp - random.choice((0, 0, 0, 0, 900, 4_000))

    def _bad(self, random: random.Random) -> dict[str, Bad]:
        if random.random() >= self.bad:
            return {}
        if random.random() < 0.5 and self.refusable:
            return {random.choice(self.refusable): Bad.REFUSED}
        several = random.sample(self.pipelines, random.randint(1, len(self.pipelines)))
        return dict.fromkeys(several, Bad.RAISES)
