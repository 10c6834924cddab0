"""Writes down each message; of a batch it refuses those that say so."""

import json
import time


def handler(event, context):
    refused = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        sent = int(record["attributes"]["SentTimestamp"]) / 1000
        fired = {
            "key": record["messageAttributes"]["key"]["stringValue"],
            "kind": record["messageAttributes"]["key"]["dataType"],
            "after": time.time() - sent,
            "receives": int(record["attributes"]["ApproximateReceiveCount"]),
        }
        print(json.dumps(fired))
        if message.get("refuse"):
            refused.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": refused}
