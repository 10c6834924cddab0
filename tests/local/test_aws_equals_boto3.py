"""The lean client and boto3 get the same answers and the same errors from the same service."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.errors import AwsError

TABLE = "boto3-table"
STREAM = "boto3-stream"
QUEUE = "boto3-queue"
KEY = {"pk": {"S": "p"}}
QUEUE_URL = "?queue"  # replaced by the engine's

# In order: each is asked of both, so writes are repeatable.
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "PutItem", {"TableName": TABLE, "Item": {**KEY, "n": {"N": "1"}}}),
    ("dynamodb", "PutItem", {"TableName": TABLE, "Item": {**KEY, "b": {"B": b"\x00\xff"}}}),
    ("dynamodb", "GetItem", {"TableName": TABLE, "Key": KEY, "ConsistentRead": True}),
    ("dynamodb", "GetItem", {"TableName": TABLE, "Key": {"pk": {"S": "nothing"}}}),
    ("dynamodb", "GetItem", {"TableName": "unknown", "Key": KEY}),
    ("dynamodb", "GetItem", {"TableName": TABLE, "Key": {"other": {"S": "p"}}}),
    (
        "dynamodb",
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "UpdateExpression": "SET #t = :t",
            "ExpressionAttributeNames": {"#t": "text"},
            "ExpressionAttributeValues": {":t": {"S": "Grüße 🚀"}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "dynamodb",
        "UpdateItem",
        {"TableName": TABLE, "Key": KEY, "UpdateExpression": "SET gone.x = pk"},
    ),
    (
        "dynamodb",
        "PutItem",
        {
            "TableName": TABLE,
            "Item": KEY,
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "dynamodb",
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "Put": {
                        "TableName": TABLE,
                        "Item": KEY,
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                },
                {"Delete": {"TableName": TABLE, "Key": {"pk": {"S": "q"}}}},
            ]
        },
    ),
    (
        "dynamodb",
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
        },
    ),
    ("dynamodb", "DescribeTable", {"TableName": TABLE}),
    ("dynamodb", "DeleteItem", {"TableName": TABLE, "Key": KEY}),
    ("sqs", "SendMessage", {"QueueUrl": QUEUE_URL, "MessageBody": "Grüße 🚀"}),
    ("sqs", "SendMessage", {"QueueUrl": QUEUE_URL, "MessageBody": "a", "DelaySeconds": 901}),
    ("sqs", "SendMessage", {"QueueUrl": f"{QUEUE_URL}-unknown", "MessageBody": "a"}),
    ("sqs", "SendMessageBatch", {"QueueUrl": QUEUE_URL, "Entries": []}),
    (
        "sqs",
        "SendMessageBatch",
        {"QueueUrl": QUEUE_URL, "Entries": [{"Id": "a", "MessageBody": "a"}]},
    ),
    ("sqs", "GetQueueAttributes", {"QueueUrl": QUEUE_URL, "AttributeNames": ["QueueArn"]}),
    ("sqs", "DeleteMessage", {"QueueUrl": QUEUE_URL, "ReceiptHandle": "nonsense"}),
    (
        "events",
        "PutEvents",
        {"Entries": [{"Source": "app", "DetailType": "done", "Detail": '{"a": 1}'}]},
    ),
    ("events", "PutEvents", {"Entries": [{"Source": "app", "DetailType": "d", "Detail": "{"}]}),
    ("events", "DescribeEventBus", {"Name": "unknown"}),
    ("events", "ListEventBuses", {}),
    ("kinesis", "DescribeStreamSummary", {"StreamName": STREAM}),
    ("kinesis", "PutRecord", {"StreamName": "unknown", "Data": b"a", "PartitionKey": "a"}),
    ("kinesis", "PutRecord", {"StreamName": STREAM, "Data": b"\x00\xff", "PartitionKey": "a"}),
    (
        "kinesis",
        "PutRecords",
        {"StreamName": STREAM, "Records": [{"Data": b"a", "PartitionKey": "a"}]},
    ),
    ("states", "ListStateMachines", {}),
    (
        "states",
        "StartExecution",
        {"stateMachineArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:unknown"},
    ),
    ("dynamodbstreams", "ListStreams", {"TableName": TABLE}),
    (
        "dynamodbstreams",
        "DescribeStream",
        {"StreamArn": f"arn:aws:dynamodb:eu-west-1:000000000000:table/{TABLE}/stream/unknown"},
    ),
]
SDK_NAMES = {"states": "stepfunctions"}
# What a service draws anew for each call, and what the engine sends but the SDK does not know.
DRAWN = {"MessageId", "EventId", "SequenceNumber", "RequestId", "ResponseMetadata", "Message"}
DRAWN |= {"EncryptionType"}


@pytest.fixture(scope="module")
def sdk(engine):
    """boto3's clients by service."""

    def client(service: str) -> Any:
        return boto3.client(
            SDK_NAMES.get(service, service),  # pyright: ignore[reportArgumentType]
            endpoint_url=engine.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            verify=engine.ca_bundle,
            config=Config(retries={"total_max_attempts": 1}),
        )

    clients = {service: client(service) for service, _, _ in OPERATIONS}
    yield clients
    for each in clients.values():
        each.close()


@pytest.fixture(scope="module")
def queue_url(client: LeanClient) -> str:
    client.call(
        "dynamodb",
        "CreateTable",
        {
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        },
    )
    client.call("kinesis", "CreateStream", {"StreamName": STREAM, "ShardCount": 1})
    return client.call("sqs", "CreateQueue", {"QueueName": QUEUE})["QueueUrl"]


def by_sdk(sdk: dict[str, Any], service: str, operation: str, parameters: Any) -> Any:
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
    try:
        answer = getattr(sdk[service], method)(**parameters)
    except ClientError as error:
        response = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        more = response.get("Item") or [
            reason["Code"] for reason in response.get("CancellationReasons", [])
        ]
        return response["Error"]["Code"], status, comparable(more)
    return comparable(answer)


def by_lean(client: LeanClient, service: str, operation: str, parameters: Any) -> Any:
    try:
        answer = client.call(service, operation, on_the_wire(parameters))
    except AwsError as error:
        reasons = [reason["Code"] for reason in getattr(error, "reasons", [])]
        return error.code, error.status, comparable(getattr(error, "item", None) or reasons)
    return comparable(answer)


def on_the_wire(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {name: on_the_wire(each) for name, each in value.items()}
    return [on_the_wire(each) for each in value] if isinstance(value, list) else value


def comparable(value: Any) -> Any:
    """Leave out what differs by call, and how the SDK shows binary values and times."""
    if isinstance(value, dict):
        return {
            name: b64decode(each) if name == "B" and isinstance(each, str) else comparable(each)
            for name, each in value.items()
            if name not in DRAWN and not name.endswith(("Timestamp", "DateTime", "Time"))
        }
    return [comparable(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    OPERATIONS,
    ids=[f"{number}-{operation}" for number, (_, operation, _) in enumerate(OPERATIONS)],
)
def test_an_operation_is_answered_as_to_boto3(
    client, sdk, queue_url, *, service, operation, parameters
):
    asked = {
        name: value.replace(QUEUE_URL, queue_url) if name == "QueueUrl" else value
        for name, value in parameters.items()
    }
    assert by_lean(client, service, operation, asked) == by_sdk(sdk, service, operation, asked)


def test_a_post_to_a_connection_that_is_none_fails_as_with_boto3(client, engine):
    endpoint = f"{engine.endpoint}/_aws/execute-api/unknown/live"
    management = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=engine.ca_bundle,
    )
    with pytest.raises(ClientError) as theirs:
        management.post_to_connection(ConnectionId="a=", Data=b"x")
    with pytest.raises(AwsError) as ours:
        client.rest("execute-api", "POST", f"{endpoint}/@connections/a%3D", body=b"x")
    management.close()
    assert ours.value.code == theirs.value.response["Error"]["Code"]
    assert ours.value.status == theirs.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_of_s3_is_stored_and_read(client):
    place = b"<LocationConstraint>eu-west-1</LocationConstraint>"
    body = b"<CreateBucketConfiguration>%s</CreateBucketConfiguration>" % place
    client.rest("s3", "PUT", "/lean-bucket", body=body)
    client.rest("s3", "PUT", "/lean-bucket/a%20key/%C3%A4", body=b"content")
    assert client.rest("s3", "GET", "/lean-bucket/a%20key/%C3%A4") == b"content"
    with pytest.raises(AwsError) as raised:
        client.rest("s3", "GET", "/lean-bucket/nothing")
    assert (raised.value.code, raised.value.status) == ("NoSuchKey", 404)
