"""Sink for SNS: messages to the subscribers of a topic.

SNS has no JSON protocol: requests are forms, answers XML.
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.streams.claims.packing import PACKING_USES
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Entry
from cdk_streamer_runtime.streams.sinks.limits import (
    LARGE_TOPIC_BYTES,
    TOPIC_BYTES,
    TOPIC_MESSAGES,
)
from cdk_streamer_runtime.streams.sinks.messages import by_id, message_entry
from cdk_streamer_runtime.streams.sinks.payloads import Payload, sent
from cdk_streamer_runtime.streams.sinks.requests import Wanted, bulk, use

_FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
_SECTION = re.compile(r"<(Successful|Failed)>(.*?)</\1>", re.DOTALL)
_MEMBER = re.compile(r"<member>(.*?)</member>", re.DOTALL)
_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")


def publish_messages(
    *,
    topic: str,
    request: str = "topic_request",
    response: str = "topic_response",
    size: int = TOPIC_BYTES,
    compress: int | None = None,
    name: str = "publish_messages",
) -> BulkCall:
    """Give a step that publishes messages to a topic, ten a call.

    A request is an event, or what Publish takes: `{"Message": ...}` with a text or any JSON value.
    `size` is the topic's MaximumMessageSize, which counts for all messages of a call.
    Raises ValueError for a size that no topic has.
    """
    if not 1 <= size <= LARGE_TOPIC_BYTES:
        raise ValueError(f"size must be 1 to {LARGE_TOPIC_BYTES} bytes, got {size!r}")

    def entry(wanted: Wanted, world: World) -> Entry:
        address = world.resources.address(ResourceKind.TOPIC, topic)
        return message_entry(wanted, world, address, "Message", most=size, compress=compress)

    def send(payloads: Sequence[Payload], world: World) -> list[Any]:
        address = world.resources.address(ResourceKind.TOPIC, topic)

        def put(messages: list[Any]) -> list[Any]:
            body = urlencode(list(_form(address, messages))).encode()
            answer = world.aws.rest("sns", "POST", "/", body=body, headers=_FORM).decode()
            told = {kind: _members(text) for kind, text in _SECTION.findall(answer)}
            return by_id(len(messages), told.get("Successful"), told.get("Failed"), "PublishBatch")

        return sent(payloads, world, put)

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=entry,
        send=send,
        count=TOPIC_MESSAGES,
        size=size,
        uses=(use(ResourceKind.TOPIC, topic, "sns:Publish"), *PACKING_USES),
    )


def _form(topic: str, messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    yield from (("Action", "PublishBatch"), ("Version", "2010-03-31"), ("TopicArn", topic))
    for index, message in enumerate(messages):
        entry = f"PublishBatchRequestEntries.member.{index + 1}"
        yield f"{entry}.Id", str(index)
        for name, value in message.items():
            if name != "MessageAttributes":
                yield f"{entry}.{name}", str(value)
        attributes: Mapping[str, Mapping[str, Any]] = message.get("MessageAttributes") or {}
        for place, (name, attribute) in enumerate(attributes.items(), 1):
            yield f"{entry}.MessageAttributes.entry.{place}.Name", name
            for part, value in attribute.items():
                yield f"{entry}.MessageAttributes.entry.{place}.Value.{part}", str(value)


def _members(text: str) -> list[dict[str, Any]]:
    members = [dict(_FIELD.findall(member)) for member in _MEMBER.findall(text)]
    return [
        {**member, "SenderFault": member["SenderFault"] == "true"}
        if "SenderFault" in member
        else member
        for member in members
    ]
