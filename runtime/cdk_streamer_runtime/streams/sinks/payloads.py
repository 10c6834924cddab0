"""What travels as an event or any other JSON, and the claim checks among it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, Throttled
from cdk_streamer_runtime.streams.claims.packing import Packed, packed
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.sinks.limits import within
from cdk_streamer_runtime.streams.sinks.requests import text_of

_SERVER_FAULT, _CALLER_FAULT = 500, 400
_PASSING = ("Internal", "Throttl", "Unavailable", "Timeout", "Exceeded")


class Payload(NamedTuple):
    """What a service gets, and what has to be in the bucket by then."""

    value: Any
    packed: Packed


def emitted(event: Mapping[str, Any], world: World) -> dict[str, Any]:
    """Give an event with the tags of who emits it; raises ValueError for what is none."""
    for name in ("id", "type"):
        if not (isinstance(event.get(name), str) and event[name]):
            raise ValueError(
                f"an event to publish needs {name!r}, a text that is the same each time; "
                f"it has {sorted(event)}"
            )
    return {**event, "tags": {**world.tags, **(event.get("tags") or {})}}


def packed_text(value: Json, limit: int, world: World, compress: int | None = None) -> Packed:
    """Give the text of an event or of any JSON value within so many bytes; raises TooLarge."""
    if isinstance(value, Mapping):
        document = cast("Mapping[str, Any]", value)
        return packed(document, limit, world, compress=compress)
    text = text_of(value, world)
    return Packed(text, within(size(text), limit, "what is to be sent"))


def sent(
    payloads: Sequence[Payload], world: World, send: Callable[[list[Any]], list[Any]]
) -> list[Any]:
    """Leave in the bucket what has to be there, and send the rest; an answer or error for each."""
    refused: dict[int, AwsError] = {}
    for index, payload in enumerate(payloads):
        if payload.packed.claim is not None:
            try:
                payload.packed.put(world)
            except AwsError as error:
                refused[index] = error
    if not refused:
        return send([payload.value for payload in payloads])
    rest = [payload.value for index, payload in enumerate(payloads) if index not in refused]
    answers = iter(send(rest) if rest else [])
    return [refused[index] if index in refused else next(answers) for index in range(len(payloads))]


def entry_error(code: str, message: str, operation: str, *, sender: bool | None = None) -> AwsError:
    """Give the error that one entry of a call met; `sender` tells whose fault it is, if it is told.

    What the service is to blame for may be taken later.
    """
    if sender is None:
        sender = not any(word in code for word in _PASSING)
    error = aws_error(code, message, _CALLER_FAULT if sender else _SERVER_FAULT, operation)
    if not sender and "Throttl" in code and not isinstance(error, Throttled):
        return Throttled(code, message, _CALLER_FAULT, operation)
    return error
