"""What an on-failure destination gets to know about records that were given up.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cdk_streamer_local.pollers.lane import Discarded


class BatchInfo(StrEnum):
    """The member that tells where in its stream a batch was."""

    KINESIS = "KinesisBatchInfo"
    DYNAMODB = "DDBStreamBatchInfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where records were read, and for which function."""

    info: BatchInfo
    stream_arn: str
    shard: str
    mapping: str
    function_arn: str
    version: str = "$LATEST"


def document(origin: Origin, discarded: Discarded, request: str, now: float) -> dict[str, Any]:
    """Give the record about a failed batch; the batch itself is not in it."""
    batch = discarded.batch
    first, last = batch.records[0], batch.records[-1]
    response = {"statusCode": 200, "executedVersion": origin.version}
    if discarded.error is not None:
        response["functionError"] = discarded.error
    # Tables' streams know whole seconds.
    digits = "milliseconds" if origin.info is BatchInfo.KINESIS else "seconds"
    return {
        "requestContext": {
            "requestId": request,
            "functionArn": origin.function_arn,
            "condition": discarded.condition.value,
            "approximateInvokeCount": batch.invocations,
        },
        **({"responseContext": response} if batch.invocations else {}),
        "version": "1.0",
        "timestamp": _moment(now, "milliseconds"),
        origin.info.value: {
            "shardId": origin.shard,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": _moment(first.arrived, digits),
            "approximateArrivalOfLastRecord": _moment(last.arrived, digits),
            "batchSize": len(batch.records),
            "streamArn": origin.stream_arn,
        },
    }


def with_payload(about: dict[str, Any], discarded: Discarded) -> dict[str, Any]:
    """Give what a bucket gets: the records too, as the text of the function's event."""
    return {**about, "payload": json.dumps(event(discarded))}


def event(discarded: Discarded) -> dict[str, Any]:
    """Give what the function was invoked with."""
    return {"Records": [record.content for record in discarded.batch.records]}


def object_key(origin: Origin, unique: str, now: float) -> str:
    """Give the name of the object in a bucket."""
    at = datetime.fromtimestamp(now, UTC)
    return (
        f"aws/lambda/{origin.mapping}/{origin.shard}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H.%M.%S}-{unique}"
    )


def _moment(seconds: float, digits: str) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec=digits)
    return text.replace("+00:00", "Z")
