"""The published schemas of the protocol, held against every frame of these tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from cdk_streamer_client.schemas.documents import closed, schema


def check_received(message: Any) -> None:
    """Raise jsonschema's ValidationError for what the server must not say."""
    _server().validate(message)


def check_sent(frame: Any) -> None:
    """Raise jsonschema's ValidationError for what a client must not say."""
    _client().validate(frame)


@cache
def _server() -> Draft202012Validator:
    # Closed, since a member that clients ignore may be a misspelled one.
    return Draft202012Validator(closed(schema("server")))


@cache
def _client() -> Draft202012Validator:
    return Draft202012Validator(schema("client"))
