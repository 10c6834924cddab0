"""Whom to remind, of what, and what is written down of it in the end."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cdk_streamer_runtime.batches import Batch, BatchResult, BatchRun

PAGE = 400  # users of a step
TIMEOUT = 5
OK = 200

batch = Batch()


@batch.discover
def discover(cursor: Mapping[str, str] | None) -> tuple[list[str], Mapping[str, str] | None]:
    """Give the ids of all who want to be reminded, a page at a time."""
    start = {} if cursor is None else {"ExclusiveStartKey": cursor}
    page = table().query(
        KeyConditionExpression="pk = :users",
        FilterExpression="wants_reminders = :yes",
        ProjectionExpression="sk",
        ExpressionAttributeValues={":users": "users", ":yes": True},
        Limit=PAGE,
        **start,
    )
    return [item["sk"] for item in page["Items"]], page.get("LastEvaluatedKey")


@batch.load
def load(ids: Sequence[str], run: BatchRun) -> dict[str, Any]:
    """Ask the calendar what its users have to do; those whom it does not know have failed."""
    day = f"{run.started_at:%Y-%m-%d}"
    found = ask({"day": day, "users": list(ids)})
    return {user: {"user": user, "day": day, "text": text} for user, text in found.items()}


@batch.aggregate
def aggregate(result: BatchResult, run: BatchRun) -> dict[str, Any]:
    """Write down what went out, for whoever looks in the morning."""
    report = {
        "started": f"{run.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "discovered": result.discovered,
        "published": result.published,
        "failed": result.failed,
        "missing": list(result.failed_ids),
        "chunks": result.chunks,
        "retried": result.retried,
    }
    table().put_item(Item={"pk": "reports", "sk": result.batch_id, **report})
    return report


def ask(question: Mapping[str, Any]) -> dict[str, str]:
    """Ask the calendar; whatever goes wrong is raised, so that the chunk is tried again."""
    place = urlsplit(os.environ["CALENDAR"])
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    calendar = kind(place.netloc, timeout=TIMEOUT)
    try:
        calendar.request("POST", "/events", json.dumps(question))
        answer = calendar.getresponse()
        body = answer.read()
    finally:
        calendar.close()
    if answer.status != OK:
        raise RuntimeError(f"the calendar answered {answer.status}")
    return json.loads(body)


@cache
def table() -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """Give the table; once a process."""
    import boto3

    resource: Any = boto3.resource("dynamodb")
    return resource.Table(os.environ["USERS"])
