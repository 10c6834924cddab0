"""The records that all contestants read: the same bytes whenever they are made."""

from __future__ import annotations

import json
import random
import uuid
from base64 import b64encode
from pathlib import Path
from typing import Any

from cdk_streamer_runtime.streams.json_text import Json

START = 1_700_000_000_000
SHARD = "shardId-000000000000"
TEXT = "A moderately long free text description of the thing, with some words in it. " * 2


def kinds_of(rules: int) -> list[str]:
    """Give the kinds of entities, one a rule."""
    return ["thing"] if rules == 1 else [f"entity{number}" for number in range(rules)]


def file_of(folder: Path, source: str, rules: int, records: int) -> Path:
    """Give the file that has so many records of so many kinds; made if it is not there."""
    path = folder / f"{source}-{rules}-{records}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        make = {"kinesis": kinesis_records, "dynamodb": dynamodb_records}[source]
        path.write_text(json.dumps({"Records": make(kinds_of(rules), records)}))
    return path


def kinesis_records(kinds: list[str], count: int) -> list[dict[str, Any]]:
    """Give updates of entities, as a service would publish them."""
    generator = random.Random(42)
    return [
        _kinesis_record(generator, number, kinds[number % len(kinds)]) for number in range(count)
    ]


def dynamodb_records(kinds: list[str], count: int) -> list[dict[str, Any]]:
    """Give changes of items, with both images."""
    generator = random.Random(43)
    return [
        _dynamodb_record(generator, number, kinds[number % len(kinds)]) for number in range(count)
    ]


def _name(generator: random.Random) -> str:
    return str(uuid.UUID(int=generator.getrandbits(128), version=4))


def _entity(generator: random.Random, number: int) -> dict[str, Any]:
    owner = {"id": _name(generator), "name": "Some Owner", "email": "owner@example.com"}
    return {
        "id": _name(generator),
        "name": f"Thing number {number}",
        "description": TEXT,
        "status": generator.choice(["draft", "active", "archived"]),
        "quantity": generator.randint(1, 1000),
        "price": round(generator.random() * 1000, 2),
        "owner": owner,
        "labels": ["alpha", "beta", "gamma"],
        "lastModifiedBy": f"user-{generator.randint(1, 99)}",
    }


def _kinesis_record(generator: random.Random, number: int, kind: str) -> dict[str, Any]:
    entity = _entity(generator, number)
    tags = {
        "account": "nonprd",
        "region": "us-east-1",
        "stage": "dev",
        "source": "service-x",
        "functionname": "service-x-dev-trigger",
        "pipeline": "p1",
    }
    event = {
        "id": _name(generator),
        "type": f"{kind}-updated",
        "timestamp": START + number,
        "partitionKey": entity["id"],
        "tags": tags,
        kind: entity,
    }
    sequence = f"4954511524914{number:020d}"
    return {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s1",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": entity["id"],
            "sequenceNumber": sequence,
            "approximateArrivalTimestamp": 1_700_000_000.123,
            "data": b64encode(json.dumps(event, separators=(",", ":")).encode()).decode(),
        },
    }


def _dynamodb_record(generator: random.Random, number: int, kind: str) -> dict[str, Any]:
    entity = _entity(generator, number)
    new = {
        "pk": entity["id"],
        "sk": kind,
        "discriminator": kind,
        "timestamp": START + number,
        "awsregion": "us-east-1",
        **entity,
    }
    old = {**new, "timestamp": START + number - 5000, "status": "draft", "quantity": 1}
    change = {
        "ApproximateCreationDateTime": 1_700_000_000,
        "Keys": {"pk": {"S": entity["id"]}, "sk": {"S": kind}},
        "NewImage": {name: _attribute(value) for name, value in new.items()},
        "OldImage": {name: _attribute(value) for name, value in old.items()},
        "SequenceNumber": str(10**20 + number),
        "SizeBytes": 900,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    return {
        "eventID": f"{generator.getrandbits(128):032x}",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2020",
        "dynamodb": change,
    }


def _attribute(value: Json) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case int() | float():
            return {"N": str(value)}
        case dict():
            return {"M": {name: _attribute(each) for name, each in value.items()}}
        case _:
            return {"L": [_attribute(each) for each in value]}
