"""The server's messages against what clients were promised of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from cdk_streamer_client.messages import read_news
from cdk_streamer_client.schemas import closed, schema

# What has a number is news of a request or channel, which the client's reader must take.
NEWS = {"acknowledgment", "progress", "retrying", "complete", "cancelled", "snapshot"}


@cache
def _server() -> Draft202012Validator:
    return Draft202012Validator(closed(schema("server")))


def faults(message: Mapping[str, Any]) -> list[str]:
    """Give what is wrong with a message, by its schema and by the client's reader."""
    found = [error.message for error in _server().iter_errors(message)]
    news = [message] if message["type"] in NEWS or "seq" in message else []
    data = message.get("data")
    if message.get("action") in {"get", "subscribe"} and isinstance(data, dict):
        news.append(data)
    return found + [fault for document in news for fault in _unreadable(document)]


def _unreadable(document: Mapping[str, Any]) -> list[str]:
    try:
        read_news(document)
    except ValueError as error:
        return [f"{document['type']} cannot be read: {error}"]
    return []
