"""What a sink's controller is woken by: messages in its own queue, some of them for later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.contract.sinks import ControllerCommand
from cdk_streamer_runtime.documents import decode, encode

_CALLS = frozenset({ControllerCommand.OPENED, ControllerCommand.PROBE, ControllerCommand.RECONCILE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakeup:
    """One message: why, and of which version of the sink's standing it speaks."""

    command: ControllerCommand
    version: int = 0

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read it; raises ValueError for one that is not ours."""
        document = decode(body)
        try:
            command = ControllerCommand(document["command"])
            wakeup = cls(command=command, version=int(document.get("version", 0)))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("a wakeup must be an object with a command") from error
        if command not in _CALLS:
            raise ValueError(f"{command.value!r} is no wakeup; invoke the controller with it")
        return wakeup

    def to_body(self) -> str:
        """Write it."""
        return encode({"command": self.command, "version": self.version})


class Wakeups:
    """Wakes the controller; raises AwsError. What is too far off wakes it on the way there."""

    def __init__(self, aws: Aws, url: str) -> None:
        """Take the controller's queue."""
        self._aws = aws
        self._url = url

    def opened(self, version: int) -> None:
        """Tell it that there is something to be seen to."""
        self._send(Wakeup(command=ControllerCommand.OPENED, version=version), 0)

    def probe(self, version: int, wait: int) -> None:
        """Let it make the trial that is due in so many milliseconds, if it still is then."""
        self._send(Wakeup(command=ControllerCommand.PROBE, version=version), wait)

    def again(self, wait: int) -> None:
        """Let it compare everything once more."""
        self._send(Wakeup(command=ControllerCommand.RECONCILE), wait)

    def later(self, receipt: str, wait: int) -> None:
        """Let a message that it has received come again after so many milliseconds."""
        self._aws.call(
            "sqs",
            "ChangeMessageVisibility",
            {
                "QueueUrl": self._url,
                "ReceiptHandle": receipt,
                "VisibilityTimeout": _seconds(wait),
            },
        )

    def _send(self, wakeup: Wakeup, wait: int) -> None:
        delay = min(_seconds(wait), MAX_DELAY_SECONDS)
        parameters = {"QueueUrl": self._url, "MessageBody": wakeup.to_body()}
        self._aws.call("sqs", "SendMessage", {**parameters, "DelaySeconds": delay})


def _seconds(milliseconds: int) -> int:
    return -(-max(milliseconds, 0) // 1000)
