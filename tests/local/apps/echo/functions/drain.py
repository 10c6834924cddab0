"""Tells the number of each thing; says of what is called poison that it failed."""

import base64
import json


def handler(event, context):
    for record in event["Records"]:
        thing = json.loads(base64.b64decode(record["kinesis"]["data"]))
        if thing["poison"]:
            sequence = record["kinesis"]["sequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": sequence}]}
        print(thing["job"], thing["number"])
    return {"batchItemFailures": []}
