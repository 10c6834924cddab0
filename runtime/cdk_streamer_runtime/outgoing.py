"""Messages on their way into a queue, ten a call: what sinks are sent and what batches publish."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from cdk_streamer_runtime._faults import is_passing
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, Unreachable

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
CALL_MESSAGES = 10
CALL_BYTES = 1024 * 1024
# Pauses are random, from 0 to PAUSE doubled each time, in milliseconds.
PAUSE, LONGEST_PAUSE = 100, 5_000
PATIENCE = 5_000

_SERVER_FAULT = 500  # an entry has no status of its own: it may be taken later
# What a message is refused for, whenever it is sent. Others of SQS' codes are about the queue.
_REFUSALS = frozenset(
    {"InvalidMessageContents", "InvalidParameterValue", "BatchRequestTooLong", "MessageTooLong"}
)
# Of an entry the service says itself whose fault it is, but means by that whoever it is not.
_QUEUES_FAULT = re.compile(r"(?i)kms|thrott|accessdenied|limitexceeded")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_UNSENDABLE = re.compile("[\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_FIFO_ID = re.compile(r"[!-~]{1,128}")


class Platform(Protocol):
    """What sending needs of its machine."""

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        ...

    def sleep(self, milliseconds: int, /) -> None:
        """Wait."""
        ...

    def uniform(self) -> float:
        """Give a random number between 0 and 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `attributes` are texts; `delay` is in seconds, None: as the queue says."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    group: str | None = None
    deduplication: str | None = None
    delay: int | None = None

    @property
    def bytes(self) -> int:
        """What SQS counts: the body, and of each attribute its name, its type and its value."""
        attributes = self.attributes.items()
        return size(self.body) + sum(size(f"{name}String{text}") for name, text in attributes)

    def entry(self, id: str) -> dict[str, Any]:
        """Write it as the entry of a call."""
        entry: dict[str, Any] = {"Id": id, "MessageBody": self.body}
        if self.attributes:
            entry["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": text}
                for name, text in self.attributes.items()
            }
        told = {
            "MessageGroupId": self.group,
            "MessageDeduplicationId": self.deduplication,
            "DelaySeconds": self.delay,
        }
        return entry | {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A message that was not taken: its place, why, and whether it never will be."""

    place: int
    code: str
    refused: bool = False


Numbered = tuple[int, Message]


class _Outcome(NamedTuple):
    """What became of a call: what may come again, and why, and what never can."""

    waiting: list[Numbered]
    refused: list[Unsent]
    error: AwsError | None


class Outbox:
    """Sends to one queue. What it refuses hurts no neighbor; all else is tried again for a while.

    An answer that got lost is a message that may be there twice.
    """

    def __init__(self, aws: Aws, queue_url: str, platform: Platform) -> None:
        """Take the queue, and the client of its region."""
        self._aws = aws
        self._url = queue_url
        self._platform = platform

    def send(self, messages: Sequence[Message], until: int | None = None) -> list[Unsent]:
        """Send them in their order, and give those that were not taken.

        Nothing is tried again at or after `until`, in milliseconds; without it some seconds are
        enough.
        """
        end = self._platform.clock() + PATIENCE if until is None else until
        unsent: list[Unsent] = []
        for call in calls(messages):
            unsent += self._deliver(call, end)
        return sorted(unsent, key=lambda each: each.place)

    def _deliver(self, call: list[Numbered], end: int) -> list[Unsent]:
        waiting, refused, attempt = call, list[Unsent](), 0
        while True:
            waiting, never, error = self._attempt(waiting)
            refused += never
            if error is None:
                return refused
            attempt += 1
            may_pass = isinstance(error, Unreachable) or is_passing(error)
            if not may_pass or not self._pause(attempt, end):
                return refused + [Unsent(place=place, code=error.code) for place, _ in waiting]

    def _attempt(self, messages: list[Numbered]) -> _Outcome:
        entries = [message.entry(str(place)) for place, (_, message) in enumerate(messages)]
        try:
            parameters = {"QueueUrl": self._url, "Entries": entries}
            answer = self._aws.call("sqs", "SendMessageBatch", parameters)
        except AwsError as error:
            if error.code.rpartition(".")[2] not in _REFUSALS:
                return _Outcome(messages, [], error)
            if len(messages) == 1:
                never = Unsent(place=messages[0][0], code=error.code, refused=True)
                return _Outcome([], [never], None)
            return self._apart(messages)
        return _judged(messages, answer.get("Failed") or ())

    def _apart(self, messages: list[Numbered]) -> _Outcome:
        """Send in two halves what is refused as a whole, to find who is to blame."""
        middle = len(messages) // 2
        first, second = self._attempt(messages[:middle]), self._attempt(messages[middle:])
        return _Outcome(
            first.waiting + second.waiting,
            first.refused + second.refused,
            first.error or second.error,
        )

    def _pause(self, attempt: int, end: int) -> bool:
        """Wait before the next attempt; tell whether there is time for one."""
        longest = min(LONGEST_PAUSE, PAUSE << min(attempt - 1, 10))
        pause = max(int(self._platform.uniform() * longest), 1)
        if self._platform.clock() + pause >= end:
            return False
        self._platform.sleep(pause)
        return True


def calls(messages: Sequence[Message]) -> Iterator[list[Numbered]]:
    """Give them in parts that one call takes, each with its place."""
    call: list[Numbered] = []
    total = 0
    for index, message in enumerate(messages):
        if len(call) == CALL_MESSAGES or (call and total + message.bytes > CALL_BYTES):
            yield call
            call, total = [], 0
        call.append((index, message))
        total += message.bytes
    if call:
        yield call


def text_of(document: object) -> str:
    """Write JSON that SQS takes; raises TypeError, ValueError for what JSON lacks."""
    text = encode(document)
    if _UNSENDABLE.search(text):
        return json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text


def group_of(document: object, ordered_by: str | None, whole: str) -> str:
    """Give the group of a message in a FIFO queue: of the member `ordered_by`, or `whole` for all.

    Raises ValueError for a document without it.
    """
    if ordered_by is None:
        return whole
    value: object = None
    if isinstance(document, Mapping):
        members: Mapping[str, object] = document  # pyright: ignore[reportUnknownVariableType]
        value = members.get(ordered_by)
    if value is None or isinstance(value, (list, dict)):
        raise ValueError(
            f"a message of a FIFO queue needs its member {ordered_by!r}, by which it is ordered, "
            "as a text or a number"
        )
    return fifo_id(value if isinstance(value, str) else encode(value))


def fifo_id(text: str) -> str:
    """Give a text as a FIFO queue takes it for a group or a deduplication: itself, or its hash."""
    if _FIFO_ID.fullmatch(text):
        return text
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _judged(messages: list[Numbered], failed: Sequence[Mapping[str, Any]]) -> _Outcome:
    """Part the failed entries into those to be sent again and those that never will be taken."""
    waiting: list[Numbered] = []
    refused: list[Unsent] = []
    error: AwsError | None = None
    for entry in failed:
        numbered, code = messages[int(entry["Id"])], str(entry["Code"])
        if entry.get("SenderFault") and not _QUEUES_FAULT.search(code):
            refused.append(Unsent(place=numbered[0], code=code, refused=True))
        else:
            waiting.append(numbered)
            error = aws_error(code, "", _SERVER_FAULT, "SendMessageBatch")
    return _Outcome(waiting, refused, error)
