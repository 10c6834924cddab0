"""The documents that on-failure destinations get.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import json

from cdk_streamer_local.pollers.failure import (
    BatchInfo,
    Origin,
    document,
    object_key,
    with_payload,
)
from cdk_streamer_local.pollers.lane import Condition, Discarded
from cdk_streamer_local.pollers.record import Batch, Record

AT = 1573690000.0  # 2019-11-14T00:06:40Z
KINESIS = Origin(
    info=BatchInfo.KINESIS,
    stream_arn="arn:aws:kinesis:us-east-2:123456789012:stream/mystream",
    shard="shardId-000000000001",
    mapping="mapping-1",
    function_arn="arn:aws:lambda:us-east-2:123456789012:function:myfunction",
)
DYNAMODB = Origin(
    info=BatchInfo.DYNAMODB,
    stream_arn="arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/2019-11-14T00:04:06.388",
    shard="shardId-00000001573689847184-864758bb",
    mapping="mapping-2",
    function_arn=KINESIS.function_arn,
)


def discarded(condition=Condition.RETRIES, *, error="Unhandled", invocations=3):
    records = tuple(
        Record(sequence=f"49{number}", key="k", arrived=AT + number / 8, content={"n": number})
        for number in range(3)
    )
    batch = Batch(records=records, invocations=invocations)
    return Discarded(batch=batch, condition=condition, error=error)


def test_a_destination_learns_where_in_kinesis_the_batch_was():
    assert document(KINESIS, discarded(), "request-1", AT + 1.5) == {
        "requestContext": {
            "requestId": "request-1",
            "functionArn": KINESIS.function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2019-11-14T00:06:41.500Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000001",
            "startSequenceNumber": "490",
            "endSequenceNumber": "492",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:06:40.000Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:06:40.250Z",
            "batchSize": 3,
            "streamArn": KINESIS.stream_arn,
        },
    }


def test_a_destination_learns_where_in_a_tables_stream_the_batch_was():
    assert document(DYNAMODB, discarded(), "request-1", AT)["DDBStreamBatchInfo"] == {
        "shardId": DYNAMODB.shard,
        "startSequenceNumber": "490",
        "endSequenceNumber": "492",
        "approximateArrivalOfFirstRecord": "2019-11-14T00:06:40Z",
        "approximateArrivalOfLastRecord": "2019-11-14T00:06:40Z",
        "batchSize": 3,
        "streamArn": DYNAMODB.stream_arn,
    }


def test_a_partial_response_is_no_error_of_the_function():
    about = document(KINESIS, discarded(error=None), "request-1", AT)  # pyright: ignore[reportArgumentType] - then it fails

    assert "functionError" not in about["responseContext"]


def test_records_that_were_never_sent_have_no_response():
    about = document(KINESIS, discarded(Condition.AGE, invocations=0), "request-1", AT)

    assert about["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in about


def test_a_bucket_gets_the_event_too():
    about = with_payload(document(KINESIS, discarded(), "request-1", AT), discarded())

    assert json.loads(about["payload"]) == {"Records": [{"n": 0}, {"n": 1}, {"n": 2}]}


def test_an_object_is_named_by_mapping_shard_and_time():
    assert object_key(KINESIS, "unique", AT) == (
        "aws/lambda/mapping-1/shardId-000000000001/2019/11/14/2019-11-14T00.06.40-unique"
    )
