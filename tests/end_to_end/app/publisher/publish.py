"""A function of the application's own that publishes to a channel."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cdk_streamer_runtime import Progress


def handler(event: dict[str, Any], _context: object) -> dict[str, str] | None:
    """Publish what the event says, or try what a publisher must not do."""
    if event.get("trespass"):
        return _trespass()
    with Progress.for_channel(event["channel"], tenant=event["tenant"]) as progress:
        if "result" in event:
            progress.complete(event["result"])
        elif "failure" in event:
            progress.fail("PROCESSING_FAILED", event["failure"])
        else:
            progress.report(event["percentage"], event.get("message"))
    return None


def _trespass() -> dict[str, str]:
    client = boto3.client("dynamodb")
    item = {
        "TableName": os.environ["CDK_STREAMER_TABLE_NAME"],
        "Key": {"pk": {"S": "any"}, "sk": {"S": "request"}},
    }
    return {
        "read": _met(lambda: client.get_item(**item)),
        "delete": _met(lambda: client.delete_item(**item)),
    }


def _met(attempt: Any) -> str:
    try:
        attempt()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
