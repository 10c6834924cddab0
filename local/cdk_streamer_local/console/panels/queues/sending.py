"""A message by hand."""

from __future__ import annotations

import uuid
from typing import Any

from cdk_streamer_local.console.panel import Body, Refused
from cdk_streamer_local.console.panels.queues.figures import Figures
from cdk_streamer_runtime.aws import Aws

_MOST_DELAY_SECONDS = 900  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html


def send(aws: Aws, queue: Figures, body: Body) -> object:
    """Send `body`, after `delay` seconds or in a `group`; raises AwsError and Refused."""
    text = body.get("body")
    if not isinstance(text, str) or not text:
        raise Refused("a message needs a body; write some text, usually JSON")
    asked: dict[str, Any] = {"QueueUrl": queue.url, "MessageBody": text}
    if queue.fifo:
        group = str(body.get("group") or "")
        if not group:
            raise Refused("a FIFO queue needs to know the message's group; name one")
        # One that is sent by hand twice is meant twice.
        asked |= {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex}
    else:
        delay = body.get("delay") or 0
        if not isinstance(delay, int) or not 0 <= delay <= _MOST_DELAY_SECONDS:
            raise Refused(f"the delay must be 0 to {_MOST_DELAY_SECONDS} seconds, got {delay!r}")
        asked |= {"DelaySeconds": delay} if delay else {}
    return {"id": aws.call("sqs", "SendMessage", asked)["MessageId"]}
