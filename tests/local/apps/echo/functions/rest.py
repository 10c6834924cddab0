"""Answers with what it was asked; a POST sends that to the queue, as often and late as it says."""

import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    print(f"asked for {event['path']}")
    if event["httpMethod"] == "POST":
        send(json.loads(event["body"]))
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "ETag": '"1"'},
        "body": json.dumps(event),
    }


def send(messages):
    entries = [
        {
            "Id": str(number),
            "MessageBody": json.dumps(message),
            "DelaySeconds": message.get("delay", 0),
            "MessageAttributes": {"key": {"DataType": "String", "StringValue": message["key"]}},
        }
        for number, message in enumerate(messages)
    ]
    sqs.send_message_batch(QueueUrl=os.environ["FIRINGS"], Entries=entries)
