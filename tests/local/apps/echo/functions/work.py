"""Does one job an invocation."""

import json
import os
import time

import boto3
import greeting

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    (record,) = event["Records"]
    job = json.loads(record["body"])["job"]
    print(f"working on {job}")
    if "slow" in job:
        time.sleep(15)
    table.put_item(
        Item={
            "pk": f"done-{job}",
            "greeting": greeting.TEXT,
            "receives": int(record["attributes"]["ApproximateReceiveCount"]),
            "trace": os.environ.get("_X_AMZN_TRACE_ID", ""),
        }
    )
