"""Writes down that it was invoked, and as what."""

import json
import os


def handler(event, context):
    print(json.dumps({"event": event, "wired": "CDK_STREAMER_LOCAL_HANDLER" in os.environ}))
