"""Does one job an invocation."""

import json
import os
import time

import boto3
import greeting  # pyright: ignore[reportMissingImports] - of the layer

dynamodb = boto3.client("dynamodb")


def handler(event, context):
    (record,) = event["Records"]
    job = json.loads(record["body"])["job"]
    print(f"working on {job}")
    if "slow" in job:
        time.sleep(15)
    dynamodb.put_item(
        TableName=os.environ["TABLE"],
        Item={
            "pk": {"S": f"done-{job}"},
            "greeting": {"S": greeting.TEXT},
            "receives": {"N": record["attributes"]["ApproximateReceiveCount"]},
            "trace": {"S": os.environ.get("_X_AMZN_TRACE_ID", "")},
        },
    )
