"""The AWS services that speak JSON with `X-Amz-Target`, and where each is reached."""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """How one service is addressed and signed for."""

    host: str
    signing_name: str
    target: str
    content_type: str


def endpoint(host: str, region: str) -> str:
    """Give the public endpoint of a service in a region."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{host}.{region}.{suffix}"


_JSON_1_0 = "application/x-amz-json-1.0"
_JSON_1_1 = "application/x-amz-json-1.1"

SERVICES = {
    "dynamodb": Service(
        host="dynamodb",
        signing_name="dynamodb",
        target="DynamoDB_20120810",
        content_type=_JSON_1_0,
    ),
    "dynamodbstreams": Service(
        host="streams.dynamodb",
        signing_name="dynamodb",
        target="DynamoDBStreams_20120810",
        content_type=_JSON_1_0,
    ),
    "sqs": Service(
        host="sqs",
        signing_name="sqs",
        target="AmazonSQS",
        content_type=_JSON_1_0,
    ),
    "events": Service(
        host="events",
        signing_name="events",
        target="AWSEvents",
        content_type=_JSON_1_1,
    ),
    "kinesis": Service(
        host="kinesis",
        signing_name="kinesis",
        target="Kinesis_20131202",
        content_type=_JSON_1_1,
    ),
    "secretsmanager": Service(
        host="secretsmanager",
        signing_name="secretsmanager",
        target="secretsmanager",
        content_type=_JSON_1_1,
    ),
    "states": Service(
        host="states",
        signing_name="states",
        target="AWSStepFunctions",
        content_type=_JSON_1_0,
    ),
}
