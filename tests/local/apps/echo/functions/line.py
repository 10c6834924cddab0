"""Writes down each message of a FIFO queue; stands still at, refuses or is wrong about some."""

import json
import time
from pathlib import Path


def handler(event, context):
    failures, waiting = [], set()
    for record in event["Records"]:
        message = json.loads(record["body"])
        group, times = record["attributes"]["MessageGroupId"], _times(record)
        if group not in waiting:
            print(json.dumps({"group": group, "number": message["number"], "times": times}))
        if group in waiting or times <= message.get("refused", 0):
            waiting.add(group)
            failures.append({"itemIdentifier": record["messageId"]})
        while "until" in message and not Path(message["until"]).exists():
            time.sleep(0.01)
        if times <= message.get("wrong", 0):
            return {"batchItemFailures": [{"itemIdentifier": "nobody"}]}
    return {"batchItemFailures": failures}


def _times(record):
    return int(record["attributes"]["ApproximateReceiveCount"])
