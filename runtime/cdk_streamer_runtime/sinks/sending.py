"""How messages are sent to a sink: each with its key, and in a FIFO sink in the order given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, SinkAddress
from cdk_streamer_runtime.outgoing import (
    CALL_BYTES,
    Message,
    Outbox,
    fifo_id,
    group_of,
    text_of,
)
from cdk_streamer_runtime.sinks.outgoing import NotSent, Outgoing
from cdk_streamer_runtime.sinks.world import Platform

WHOLE = "all"  # the group of a FIFO sink that has only one
KEY_CHARACTERS = 1_000


class Sending:
    """Sends to the sink at an address."""

    def __init__(self, address: SinkAddress, aws: Aws, platform: Platform) -> None:
        """Take the address, and the client of its region."""
        self._address = address
        self._aws = aws
        self._platform = platform

    def send(self, records: Iterable[Outgoing | Any]) -> None:
        """Send them; raises NotSent, and ValueError or TypeError before anything is sent."""
        several = [self._keyed(record) for record in _several(records)]
        messages = [self._message(record, place) for place, record in enumerate(several)]
        unsent = self._sent(messages)
        if unsent:
            places = sorted(unsent)
            raise NotSent([several[place] for place in places], unsent[places[0]])

    def _keyed(self, record: object) -> Outgoing:
        outgoing = record if isinstance(record, Outgoing) else Outgoing(data=record)
        if outgoing.key is None:
            return replace(outgoing, key=self._platform.new_id())
        return outgoing

    def _message(self, record: Outgoing, place: int) -> Message:
        key, fifo = _checked_key(record.key), self._address.fifo
        if fifo and record.delay is not None:
            raise ValueError(
                f"delay is not for a FIFO sink, got {record.delay!r}; leave it out, for its queue "
                "delays no single message"
            )
        if not fifo and record.group is not None:
            raise ValueError(
                f"group is for a FIFO sink, got {record.group!r}; leave it out or set fifo=True on "
                "the ThrottledSink"
            )
        message = Message(
            body=_body(record, place),
            attributes={KEY_ATTRIBUTE: key},
            group=self._group(record) if fifo else None,
            deduplication=fifo_id(key) if fifo else None,
            delay=_checked_delay(record.delay),
        )
        if message.bytes > CALL_BYTES:
            raise ValueError(
                f"a message has at most {CALL_BYTES} bytes, got {message.bytes!r}; put the data "
                "into S3 and send its key"
            )
        return message

    def _group(self, record: Outgoing) -> str:
        if record.group is not None:
            return fifo_id(record.group)
        return group_of(record.data, self._address.ordered_by, WHOLE)

    def _sent(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send them; give the places of those that were not taken, and why."""
        outbox = Outbox(self._aws, self._address.queue_url, self._platform)
        if not self._address.fifo:
            return {each.place: each.code for each in outbox.send(messages)}
        unsent: dict[int, str] = {}
        blocked: dict[str | None, str] = {}
        for wave in _waves(messages):
            going = [place for place in wave if messages[place].group not in blocked]
            for each in outbox.send([messages[place] for place in going]):
                blocked[messages[going[each.place]].group] = each.code
            unsent |= {
                place: blocked[messages[place].group]
                for place in wave
                if messages[place].group in blocked
            }
        return unsent


def _several(records: Iterable[Outgoing | Any]) -> Iterable[Outgoing | Any]:
    """Refuse a single record: of a dictionary the names would be sent, of a text the letters."""
    if isinstance(records, Outgoing | Mapping | str | bytes):
        raise TypeError(
            f"send takes several records, got a single {type(records).__name__}; write "  # pyright: ignore[reportUnknownArgumentType]
            "send([record])"
        )
    return records


def _waves(messages: Sequence[Message]) -> Iterator[list[int]]:
    """Give the places in parts with one message a group, so that none overtakes another.

    Of one call a queue may take the later one of a group, and refuse the earlier.
    """
    waves: list[list[int]] = []
    counts: dict[str | None, int] = {}
    for place, message in enumerate(messages):
        number = counts.get(message.group, 0)
        counts[message.group] = number + 1
        if number == len(waves):
            waves.append([])
        waves[number].append(place)
    yield from waves


def _body(record: Outgoing, place: int) -> str:
    try:
        return text_of(record.data)
    except (RecursionError, TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"data of record {place}, counted from 0, is no JSON: {error}; nothing was sent"
        ) from error


def _checked_key(key: str | None) -> str:
    if not isinstance(key, str) or not 1 <= len(key) <= KEY_CHARACTERS or not key.isprintable():
        raise ValueError(
            f"key must be a printable text of 1 to {KEY_CHARACTERS} characters, got {key!r}; leave "
            "it out for a new one"
        )
    return key


def _checked_delay(delay: int | None) -> int | None:
    if delay is not None and not (type(delay) is int and 0 <= delay <= MAX_DELAY_SECONDS):
        raise ValueError(
            f"delay must be whole seconds from 0 to {MAX_DELAY_SECONDS}, got {delay!r}; have a "
            "PeriodicTimer send what is due later"
        )
    return delay
