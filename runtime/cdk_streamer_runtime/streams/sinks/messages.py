"""Sink for SQS: messages in a queue, standard or FIFO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.documents import size as bytes_of
from cdk_streamer_runtime.streams.claims.packing import PACKING_USES, Packed
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Entry
from cdk_streamer_runtime.streams.sinks.limits import (
    FIFO_ID_CHARACTERS,
    MESSAGES,
    MESSAGES_BYTES,
    within,
)
from cdk_streamer_runtime.streams.sinks.payloads import (
    Payload,
    emitted,
    entry_error,
    packed_text,
    sent,
)
from cdk_streamer_runtime.streams.sinks.requests import Wanted, bulk, needed, use

FIFO = ".fifo"
BODY = "MessageBody"
_IDS = ("MessageGroupId", "MessageDeduplicationId")
_UNKNOWN = "InternalError"  # of an entry that the answer does not tell of


def send_messages(
    *,
    queue: str,
    request: str = "message_request",
    response: str = "message_response",
    compress: int | None = None,
    name: str = "send_messages",
) -> BulkCall:
    """Give a step that sends messages to a queue, ten a call.

    A request is an event, or what SendMessage takes: `{"MessageBody": ...}` with a text or any
    JSON value. In a FIFO queue the group is the event's partition key, and the same event is sent
    once within five minutes, unless the request says otherwise.
    """

    def entry(wanted: Wanted, world: World) -> Entry:
        address = world.resources.address(ResourceKind.QUEUE, queue)
        return message_entry(wanted, world, address, BODY, most=MESSAGES_BYTES, compress=compress)

    def send(payloads: Sequence[Payload], world: World) -> list[Any]:
        address = world.resources.address(ResourceKind.QUEUE, queue)

        def put(messages: list[Any]) -> list[Any]:
            entries = [{"Id": str(index), **each} for index, each in enumerate(messages)]
            parameters = {"QueueUrl": address, "Entries": entries}
            answer = world.aws.call("sqs", "SendMessageBatch", parameters)
            return by_id(
                len(messages), answer.get("Successful"), answer.get("Failed"), "SendMessageBatch"
            )

        return sent(payloads, world, put)

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=entry,
        send=send,
        count=MESSAGES,
        size=MESSAGES_BYTES,
        uses=(use(ResourceKind.QUEUE, queue, "sqs:SendMessage"), *PACKING_USES),
    )


def message_entry(
    wanted: Wanted, world: World, address: str, body: str, *, most: int, compress: int | None
) -> Entry:
    """Give the entry of a message, whose text is its member `body`; attributes count as well."""
    given = needed(wanted.request)
    is_message = body in given
    content: Any = given[body] if is_message else emitted(given, world)
    known = {body, *_IDS}
    rest = {name: value for name, value in given.items() if name not in known and is_message}
    room = attribute_bytes(rest.get("MessageAttributes"))
    packed = packed_text(content, most - room, world, compress)
    value = {**rest, body: packed.text, **fifo_ids(address, wanted, packed)}
    size = within(packed.size + room, most, "a message")
    return Entry(value=Payload(value, packed), size=size)


def fifo_ids(address: str, wanted: Wanted, packed: Packed) -> dict[str, str]:
    """Give what a message of a FIFO queue or topic is ordered and known by; else what is said."""
    given: Mapping[str, Any] = wanted.request
    said = {name: given[name] for name in _IDS if name in given}
    if not address.endswith(FIFO):
        return said
    group = given.get("partitionKey") or wanted.uow.event["partitionKey"] or wanted.id
    # An event has an id of its own; of other messages two pipelines may send one for each event.
    own = given["id"] if _is_event(given) else None
    known = own or wanted.id_with(packed.text)
    return {"MessageGroupId": _fifo_id(group), "MessageDeduplicationId": _fifo_id(known), **said}


def _is_event(given: Mapping[str, Any]) -> bool:
    return "MessageBody" not in given and "Message" not in given


def attribute_bytes(attributes: Mapping[str, Mapping[str, Any]] | None) -> int:
    """Count what attributes take of a message's size: names, types and values."""
    if not attributes:
        return 0
    return sum(
        bytes_of(name) + sum(bytes_of(str(part)) for part in value.values())
        for name, value in attributes.items()
    )


def by_id(
    count: int,
    successful: Sequence[Mapping[str, Any]] | None,
    failed: Sequence[Mapping[str, Any]] | None,
    operation: str,
) -> list[Any]:
    """Give an answer or an error for each entry, whose ids are their places."""
    # Of what the answer says nothing it is not known that it was taken.
    answers: list[Any] = [entry_error(_UNKNOWN, "", operation, sender=False)] * count
    for entry in successful or ():
        answers[int(entry["Id"])] = entry
    for entry in failed or ():
        code, sender = str(entry["Code"]), bool(entry.get("SenderFault"))
        answers[int(entry["Id"])] = entry_error(code, "", operation, sender=sender)
    return answers


def _fifo_id(text: str) -> str:
    # Letters, digits and punctuation: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    plain = text.isascii() and text.isprintable() and " " not in text
    return text if plain and len(text) <= FIFO_ID_CHARACTERS else digest(text)
