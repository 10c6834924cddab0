"""Posts what it gets back to where it came from: the floor that the engine sets."""

import json
import os
import time

from cdk_streamer_runtime.aws import LeanClient

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI") or os.environ["ENDPOINT"]
aws = LeanClient()


def handler(event: dict, _context: object) -> dict:
    """Answer with the moment at which the answer left."""
    if "body" not in event or event["requestContext"]["routeKey"] == "$connect":
        return {"statusCode": 200}
    connection = event["requestContext"]["connectionId"]
    body = json.dumps({"id": json.loads(event["body"])["id"], "at": time.time()}).encode()
    aws.rest("execute-api", "POST", f"{ENDPOINT}/@connections/{connection}", body=body)
    return {"statusCode": 200}
