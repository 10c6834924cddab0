"""Queues in figures, as the engine gives them without touching a message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

from cdk_streamer_runtime.aws import Aws

_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One queue. `traffic` has the seconds in which messages came or left, and how many did."""

    arn: str
    url: str
    fifo: bool
    attributes: Mapping[str, str]
    waiting: int
    in_flight: int
    delayed: int
    oldest: float | None
    traffic: Sequence[tuple[int, int, int]]
    now: float

    @classmethod
    def read(cls, told: Mapping[str, Any], now: float) -> Self:
        """Read what the engine tells."""
        return cls(
            arn=told["Arn"],
            url=told["Url"],
            fifo=told["Fifo"],
            attributes=told["Attributes"],
            waiting=told["Waiting"],
            in_flight=told["InFlight"],
            delayed=told["Delayed"],
            oldest=told["Oldest"],
            traffic=[(second, came, left) for second, came, left in told["Traffic"]],
            now=now,
        )

    @property
    def name(self) -> str:
        """Give the engine's name."""
        return self.arn.rpartition(":")[2]

    @property
    def total(self) -> int:
        """Count all messages."""
        return self.waiting + self.in_flight + self.delayed

    @property
    def dead_letters(self) -> str:
        """Give the ARN of its dead-letter queue; empty: it has none."""
        return str(self._redrive.get("deadLetterTargetArn", ""))

    @property
    def most_receives(self) -> int | None:
        """Give how often a message is received before it is a dead letter."""
        most = self._redrive.get("maxReceiveCount")
        return None if most is None else int(most)

    def came(self, seconds: int = _MINUTE) -> list[int]:
        """Count what came, by second; empty: nothing did."""
        return self._by_second(seconds, 1)

    def left(self, seconds: int = _MINUTE) -> list[int]:
        """Count what was done, moved or dropped, by second; empty: nothing was."""
        return self._by_second(seconds, 2)

    def depth(self, seconds: int) -> list[int]:
        """Give how many messages there were at the end of each second."""
        came, left = self.came(seconds), self.left(seconds)
        there, depths = self.total, list[int]()
        for at in range(seconds - 1, -1, -1):
            depths.append(max(there, 0))
            there -= (came[at] if came else 0) - (left[at] if left else 0)
        return depths[::-1]

    def _by_second(self, seconds: int, at: int) -> list[int]:
        begin = int(self.now) - seconds + 1
        found = {each[0] - begin: each[at] for each in self.traffic if each[at]}
        counts = [found.get(second, 0) for second in range(seconds)]
        return counts if any(counts) else []

    @property
    def _redrive(self) -> Mapping[str, Any]:
        try:
            policy = json.loads(self.attributes.get("RedrivePolicy") or "{}")
        except ValueError:
            return {}
        return cast("Mapping[str, Any]", policy) if isinstance(policy, dict) else {}


def figures(aws: Aws) -> Iterator[Figures]:
    """Give the queues of a place; raises AwsError."""
    told = aws.call("sqs", "CdkStreamerGlance", {})
    return (Figures.read(queue, told["Now"]) for queue in told["Queues"])
