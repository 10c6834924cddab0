"""Answers every message through the management API."""

import json
import logging
import os
import time
from pathlib import Path

import boto3

logger = logging.getLogger(__name__)
connections = boto3.client("apigatewaymanagementapi")
VERSION = 1
PARTY = 3


def handler(event, context):
    request = event["requestContext"]
    match event.get("body"):
        case "return":
            return {"statusCode": 200, "body": "returned"}
        case "raise":
            raise ValueError("internal text")
        case "exit":
            os._exit(1)
        case str(text) if text.startswith("meet:"):
            _meet(Path(text.removeprefix("meet:")))
    if request["eventType"] == "CONNECT":
        offered = event["headers"].get("Sec-WebSocket-Protocol")
        if offered is not None:
            chosen = {"Sec-WebSocket-Protocol": offered.partition(",")[0]}
            return {"statusCode": 200, "headers": chosen}
    if request["eventType"] == "MESSAGE":
        answer = {
            "echo": event["body"],
            "tenant": request["authorizer"]["tenant"],
            "version": VERSION,
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            "worker": os.getpid(),
        }
        logger.info("answered", extra={"connection": request["connectionId"], "length": 1})
        connections.post_to_connection(
            ConnectionId=request["connectionId"], Data=json.dumps(answer).encode()
        )
    return {"statusCode": 200}


def _meet(folder):
    """Wait until as many workers are here as messages were sent."""
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < PARTY:
        time.sleep(0.01)
