"""Calls any service with its own role, and gives the answer or the code of the refusal."""

import json

import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    client = boto3.client(event["service"], region_name=event.get("region"))
    try:
        answer = getattr(client, event["call"])(**event["parameters"])
    except ClientError as refused:
        return {"refused": refused.response["Error"]["Code"]}
    answer.pop("ResponseMetadata")
    if "Payload" in answer:
        answer["Payload"] = json.loads(answer["Payload"].read())
    return json.loads(json.dumps(answer, default=str))
