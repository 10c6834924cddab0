"""The queue of rejected messages: what waits there, and giving it to its sink again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, ORIGIN_ATTRIBUTE, REASON_ATTRIBUTE
from cdk_streamer_runtime.errors import AwsError

# Longer than an operator looks at a list.
_HIDDEN_SECONDS = 15 * 60
_WAIT_SECONDS = 2
_MESSAGES = 10
_FIFO = ".fifo"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One message. `id` is what it was to the sink, if there was room to tell that."""

    message: str
    receipt: str
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    group: str | None
    rejected_at: datetime

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> Self:
        """Read what ReceiveMessage gave."""
        system: Mapping[str, str] = message["Attributes"]
        return cls(
            message=message["MessageId"],
            receipt=message["ReceiptHandle"],
            body=message["Body"],
            attributes=message.get("MessageAttributes") or {},
            group=system.get("MessageGroupId"),
            rejected_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        )

    @property
    def id(self) -> str:
        """The message's id in the sink's log."""
        return self._text(ORIGIN_ATTRIBUTE) or self.message

    @property
    def key(self) -> str:
        """What all its duplicates have in common."""
        return self._text(KEY_ATTRIBUTE) or self.id

    @property
    def reason(self) -> str:
        """Why it was rejected, if there was room to tell that."""
        return self._text(REASON_ATTRIBUTE)

    def document(self) -> Json:
        """Give all of it, for programs."""
        return {
            "message": self.message,
            "id": self.id,
            "key": self.key,
            "reason": self.reason,
            "group": self.group,
            "rejectedAt": self.rejected_at.isoformat(),
            "attributes": {
                name: each.get("StringValue", each.get("BinaryValue"))
                for name, each in self.attributes.items()
            },
            "body": self.body,
        }

    def _text(self, name: str) -> str:
        return str(self.attributes.get(name, {}).get("StringValue", ""))


@dataclass(slots=True)
class RejectedQueue:
    """One such queue, as an operator sees it. What is looked at is hidden until `release`."""

    aws: Aws
    url: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _held: dict[str, str] = field(default_factory=dict[str, str])

    def messages(self) -> Iterator[Rejected]:
        """Give what waits, each once; of a FIFO queue's groups, what comes without the rest."""
        seen = set[str]()
        while True:
            received = [Rejected.read(each) for each in self._receive()]
            self._held |= {each.message: each.receipt for each in received}
            new = [each for each in received if each.message not in seen]
            if not new:
                return
            seen |= {each.message for each in new}
            yield from new

    def resubmit(self, sink_url: str, chosen: Callable[[Rejected], bool]) -> Iterator[Rejected]:
        """Send what was chosen to the sink's queue again, and give each that was sent.

        It is deleted here when it is there: who interrupts this may find it in both, with the same
        key.
        """
        begun = self.clock()
        for each in self.messages():
            # What is rejected again is here again at once, and would be for ever.
            if each.rejected_at < begun and chosen(each):
                self.aws.call("sqs", "SendMessage", _sent(each, sink_url))
                deletion = {"QueueUrl": self.url, "ReceiptHandle": each.receipt}
                self.aws.call("sqs", "DeleteMessage", deletion)
                del self._held[each.message]
                yield each

    def release(self) -> None:
        """Let others see what is left."""
        held, self._held = self._held, {}
        for receipt in held.values():
            parameters = {"QueueUrl": self.url, "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            try:
                self.aws.call("sqs", "ChangeMessageVisibility", parameters)
            except AwsError:
                continue  # it is seen again by itself

    def _receive(self) -> list[Json]:
        parameters = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": _MESSAGES,
            "VisibilityTimeout": _HIDDEN_SECONDS,
            "WaitTimeSeconds": _WAIT_SECONDS,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        return self.aws.call("sqs", "ReceiveMessage", parameters).get("Messages") or []


def _sent(rejected: Rejected, url: str) -> Json:
    """Give the message as it came to the sink; whoever looks at its key finds the same."""
    kept = {
        name: {kind: value for kind, value in each.items() if not kind.endswith("ListValues")}
        for name, each in rejected.attributes.items()
        if name != REASON_ATTRIBUTE
    }
    sent: Json = {"QueueUrl": url, "MessageBody": rejected.body, "MessageAttributes": kept}
    if url.endswith(_FIFO):
        sent["MessageGroupId"] = rejected.group
        # Another one than before, which the queue may still remember.
        sent["MessageDeduplicationId"] = rejected.message
    return sent
