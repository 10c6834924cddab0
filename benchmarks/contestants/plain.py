"""What one would write by hand: a loop over the records, with nothing that makes it safe."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.contestants.calls import Calls, boto3_calls
from benchmarks.contestants.records import kinds_of
from benchmarks.contestants.worker import Counted, Handler, Task
from cdk_streamer_runtime.streams.json_text import Json

REGION = "us-east-1"
MAX_ENTRIES, MAX_BYTES = 10, 262_144
ACTIONS = {"INSERT": "created", "MODIFY": "updated", "REMOVE": "deleted"}
KEPT_BACK = {"pk", "sk", "discriminator", "awsregion", "timestamp"}
TAGS = {
    "account": "nonprd",
    "region": REGION,
    "stage": "dev",
    "source": "bench-service",
    "functionname": "bench-service-dev-trigger",
    "pipeline": "t0",
}


def contestant(task: Task) -> tuple[Handler, Counted]:
    """Give the loop, with the standard library's JSON."""
    return loop(task, json.loads, dumps)


def dumps(value: Json) -> str:
    """Write JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def loop(
    task: Task, loads: Callable[[bytes], Json], dumps: Callable[[Json], str]
) -> tuple[Handler, Counted]:
    """Give the loop that a task needs."""
    calls = boto3_calls() if task.mode == "client" else Calls()
    kinds = kinds_of(task.rules)
    route = {f"{kind}-{action}": kind for kind in kinds for action in ("created", "updated")}
    if task.name == "listener":
        return listener(calls, route, loads), calls
    return trigger(calls, route, dumps), calls


def listener(calls: Calls, route: Mapping[str, str], loads: Callable[[bytes], Json]) -> Handler:
    """Write each entity into a table."""

    def handler(event: Json) -> None:
        for record in event["Records"]:
            decoded = loads(b64decode(record["kinesis"]["data"]))
            kind = route.get(decoded["type"])
            if kind:
                calls.update(update_request(decoded, kind))

    return handler


def update_request(event: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Give an update that no older event undoes."""
    item = {
        **event[kind],
        "discriminator": kind,
        "timestamp": event["timestamp"],
        "lastModifiedBy": "system",
        "latched": True,
        "awsregion": REGION,
    }
    return {
        "TableName": "t",
        "Key": {"pk": event[kind]["id"], "sk": kind},
        "ExpressionAttributeNames": {f"#{name}": name for name in item},
        "ExpressionAttributeValues": {f":{name}": value for name, value in item.items()},
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in item),
        "ReturnValues": "ALL_NEW",
        "ConditionExpression": "attribute_not_exists(#timestamp) OR #timestamp < :timestamp",
    }


def trigger(calls: Calls, route: Mapping[str, str], dumps: Callable[[Json], str]) -> Handler:
    """Publish each change, ten events a call."""

    def handler(event: Json) -> None:
        batch: list[dict[str, Any]] = []
        size = 0
        for record in event["Records"]:
            changed = change(record)
            new = changed["raw"]["new"]
            kind = route.get(changed["type"])
            if not kind or new.get("latched"):
                continue
            entity = {name: value for name, value in new.items() if name not in KEPT_BACK}
            detail = dumps({**changed, kind: entity})
            if batch and (len(batch) == MAX_ENTRIES or size + len(detail) > MAX_BYTES):
                calls.put_events(batch)
                batch, size = [], 0
            size += len(detail)
            batch.append(
                {
                    "EventBusName": "bus",
                    "Source": "custom",
                    "DetailType": changed["type"],
                    "Detail": detail,
                }
            )
        if batch:
            calls.put_events(batch)

    return handler


def change(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the event of a record."""
    changed = record["dynamodb"]
    new, old = plain(changed.get("NewImage")), plain(changed.get("OldImage"))
    image: dict[str, Any] = new or old or {}
    kind = image["discriminator"].lower()
    return {
        "id": record["eventID"],
        "type": f"{kind}-{ACTIONS[record['eventName']]}",
        "partitionKey": changed["Keys"]["pk"]["S"],
        "timestamp": image.get("timestamp") or changed["ApproximateCreationDateTime"] * 1000,
        "tags": {**TAGS, "region": record["awsRegion"]},
        "raw": {"new": new, "old": old},
    }


def plain(image: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give an image as plain values."""
    if image is None:
        return None
    return {name: _value(attribute) for name, attribute in image.items()}


def _value(attribute: Mapping[str, Any]) -> Json:
    ((kind, value),) = attribute.items()
    if kind in {"S", "BOOL"}:
        return value
    if kind == "N":
        return float(value) if "." in value or "e" in value or "E" in value else int(value)
    if kind == "M":
        return {name: _value(each) for name, each in value.items()}
    if kind == "L":
        return [_value(each) for each in value]
    return None if kind == "NULL" else value
