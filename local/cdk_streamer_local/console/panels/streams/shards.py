"""How far the pollers of streams are, as they tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdk_streamer_runtime.aws import Aws


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow:
    """One shard: so many records were read of it and are not done, the oldest from then."""

    name: str
    pending: int
    more: bool
    oldest: float | None
    checkpoint: str
    attempts: int


def shards(aws: Aws) -> Mapping[str, Sequence[ShardRow]]:
    """Give the shards by the mapping's id; raises AwsError."""
    told = aws.call("sqs", "CdkStreamerShards", {})
    return {
        mapping: [
            ShardRow(
                name=each["Name"],
                pending=each["Pending"],
                more=each["More"],
                oldest=each["Oldest"],
                checkpoint=each["Checkpoint"] or "",
                attempts=each["Attempts"],
            )
            for each in found
        ]
        for mapping, found in told["Mappings"].items()
    }
