"""Turns inserted jobs into work; what is called poison never works."""

import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    for record in event["Records"]:
        job = record["dynamodb"]["NewImage"]["pk"]["S"]
        if "poison" in job:
            raise ValueError(f"cannot dispatch {job}")
        body = json.dumps({"job": job, "event": record["eventName"]})
        sqs.send_message(QueueUrl=os.environ["WORK"], MessageBody=body)
        sqs.send_message(QueueUrl=os.environ["WATCH"], MessageBody=body, DelaySeconds=1)
    return {"batchItemFailures": []}
