"""Which deliveries are done, by the messages' keys: a repeated message is not delivered again."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer_runtime.contract.sinks import SinkRow
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.sinks.rows import row_key
from cdk_streamer_runtime.sinks.world import Platform

CLOCKS = 1_000  # milliseconds that clocks differ by, at most
MARGIN_SECONDS = 3_600  # that a claim outlives its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The message is this worker's to deliver; `token` tells the claim from those of others."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Another worker is at it, `until` that moment at most, and may fail yet."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """It has been delivered."""


Claim = Claimed | Held | Remembered


class Memory:
    """One row a key: claimed while a worker delivers, then done for `seconds`."""

    def __init__(self, table: Table, *, seconds: int, platform: Platform) -> None:
        """Take the sink's table."""
        self._table = table
        self._seconds = seconds
        self._platform = platform

    def claim(self, key: str, end: int) -> Claim:
        """Claim a message for a delivery that is over at `end`; raises AwsError."""
        token, now, until = self._platform.new_id(), self._platform.clock(), end + CLOCKS
        try:
            self._table.update(
                row_key(SinkRow.DELIVERY, key),
                "SET #token = :token, lease_until = :until, #ttl = :ttl REMOVE done",
                # The TTL removes items late, so what is past it counts as removed.
                condition="attribute_not_exists(pk) OR #ttl <= :second"
                " OR (attribute_not_exists(done) AND lease_until <= :now)",
                names={"#token": "token", "#ttl": "ttl"},
                values={
                    ":token": token,
                    ":until": until,
                    ":ttl": until // 1000 + MARGIN_SECONDS,
                    ":now": now,
                    ":second": now // 1000,
                },
                returns="NONE",
            )
        except ConditionFailed as error:
            item = error.item or {}
            if item.get("done"):
                return Remembered()
            if item.get("token") != token:  # else the answer was lost, and the client asked again
                return Held(until=int(item.get("lease_until", now)))
        return Claimed(token=token)

    def done(self, key: str) -> None:
        """Remember that it is delivered, whoever has claimed it by now; raises AwsError."""
        self._table.update(
            row_key(SinkRow.DELIVERY, key),
            "SET done = :done, #ttl = :ttl REMOVE lease_until",
            names={"#ttl": "ttl"},
            values={":done": True, ":ttl": self._platform.clock() // 1000 + self._seconds},
            returns="NONE",
        )

    def release(self, key: str, claim: Claimed) -> None:
        """Forget the claim, so that the next attempt need not wait for its end; raises AwsError."""
        try:
            self._table.delete(
                row_key(SinkRow.DELIVERY, key),
                condition="#token = :token AND attribute_not_exists(done)",
                names={"#token": "token"},
                values={":token": claim.token},
            )
        except ConditionFailed:
            return  # another worker has it, or has done it
