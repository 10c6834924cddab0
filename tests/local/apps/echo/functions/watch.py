"""Looks at each job three times: puts its message off twice by a second."""

import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        times = int(record["attributes"]["ApproximateReceiveCount"])
        print(json.dumps({"job": json.loads(record["body"])["job"], "look": times}))
        if times < 3:
            sqs.change_message_visibility(
                QueueUrl=os.environ["WATCH"],
                ReceiptHandle=record["receiptHandle"],
                VisibilityTimeout=1,
            )
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
