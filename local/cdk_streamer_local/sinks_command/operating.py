"""What a sink's controller is asked, and what it answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from cdk_streamer_local.sinks_command.access import Reached
from cdk_streamer_runtime.contract.sinks import ControllerCommand

Json = dict[str, Any]

_COUNTS = {
    "ApproximateNumberOfMessages": "visible",
    "ApproximateNumberOfMessagesNotVisible": "inFlight",
    "ApproximateNumberOfMessagesDelayed": "delayed",
}


class Refused(Exception):
    """The controller did not do it; the text says why, and what to do."""


def ask(to: Reached, command: ControllerCommand, **details: object) -> Json:
    """Give the controller's answer; raises Refused, FunctionFailed and AwsError."""
    event = {"command": command.value, **details}
    path = f"/2015-03-31/functions/{quote(to.sink.controller, safe='')}/invocations"
    answer: Json = json.loads(
        to.aws.rest("lambda", "POST", path, body=json.dumps(event).encode()) or b"{}"
    )
    if "error" in answer:
        raise Refused(answer["error"])
    return answer


def status(to: Reached, command: ControllerCommand = ControllerCommand.STATUS) -> Json:
    """Give how a sink is, after it was told something; with what it has rejected."""
    return {**ask(to, command), "rejected": counts(to, to.sink.rejected)}


def counts(to: Reached, url: str) -> Json:
    """Count a queue's messages."""
    asked = {"QueueUrl": url, "AttributeNames": [*_COUNTS]}
    told: dict[str, str] = to.aws.call("sqs", "GetQueueAttributes", asked)["Attributes"]
    return {name: int(told[attribute]) for attribute, name in _COUNTS.items()}
