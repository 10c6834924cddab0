"""How dead letters go back."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer._arguments.counts import count

_PER_SECOND = 10
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
_MOST_PER_SECOND = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """How many dead letters a second go back to their queue, when an operator sends them back.

    Make one by `Redrive.per_second(10)`, which is the default.
    """

    messages_per_second: int = _PER_SECOND

    def __post_init__(self) -> None:
        """Check what the user gave; raises ValueError with the remedy."""
        count(
            "messages_per_second of redrive",
            self.messages_per_second,
            least=1,
            most=_MOST_PER_SECOND,
            remedy=f"leave redrive out for {_PER_SECOND}",
        )

    @staticmethod
    def per_second(count: int) -> Redrive:
        """Give a redrive of `count` messages a second, 1 to 500."""
        return Redrive(messages_per_second=count)
