"""One shard: lanes that are with the function at the same time, with every key in one of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Self

from cdk_streamer_local.pollers.lane import Lane
from cdk_streamer_local.pollers.record import Record
from cdk_streamer_local.pollers.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """As many lanes as the mapping's parallelization factor says."""

    lanes: tuple[Lane, ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Give a shard of which nothing was read yet."""
        return cls(lanes=(Lane(settings=settings),) * settings.lanes)

    @property
    def checkpoint(self) -> str | None:
        """Give the lowest sequence number that is not done; None when all are."""
        open_ = (lane.checkpoint for lane in self.lanes)
        return min((number for number in open_ if number is not None), key=int, default=None)

    @property
    def length(self) -> int:
        """Count the records that are not done."""
        return sum(lane.length for lane in self.lanes)

    @property
    def oldest(self) -> float | None:
        """Give when the oldest record came that is not done; None when all are."""
        return min((lane.oldest for lane in self.lanes if lane.oldest is not None), default=None)

    @property
    def attempts(self) -> int:
        """Count the failures of the batch that has failed most often."""
        return max(lane.attempts for lane in self.lanes)

    def took(self, records: tuple[Record, ...], now: float) -> Shard:
        """Give the shard with more records, which come after all that it has."""
        count = len(self.lanes)
        shares: list[list[Record]] = [[] for _ in self.lanes]
        for record in records:
            shares[lane_of(record.key, count)].append(record)
        lanes = (
            lane.took(tuple(share), now) for lane, share in zip(self.lanes, shares, strict=True)
        )
        return Shard(lanes=tuple(lanes))

    def with_lane(self, at: int, lane: Lane) -> Shard:
        """Give the shard with another state of one lane."""
        return Shard(lanes=(*self.lanes[:at], lane, *self.lanes[at + 1 :]))

    def configured(self, settings: Settings) -> Shard:
        """Give the shard under other settings; as many lanes as before, until all is done."""
        if settings.lanes != len(self.lanes) and not self.length:
            return Shard.of(settings)
        return Shard(lanes=tuple(replace(lane, settings=settings) for lane in self.lanes))


def lane_of(key: str, lanes: int) -> int:
    """Give the lane of a key, the same one in every run."""
    return zlib.crc32(key.encode()) % lanes
