"""Starts an execution by name, with its own role."""

import json
import os

import boto3
from botocore.exceptions import ClientError


def handler(event: dict, _context: object) -> dict:
    """Give the execution's address, or how the service refused."""
    try:
        started = boto3.client("lambda").invoke(
            FunctionName=os.environ["JOB"],
            InvocationType="Event",
            DurableExecutionName=event["name"],
            Payload=json.dumps(event["payload"]),
        )
    except ClientError as refused:
        return {"refused": refused.response["Error"]["Code"]}
    return {"status": started["StatusCode"], "arn": started["DurableExecutionArn"]}
