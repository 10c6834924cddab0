"""Messages that the controller keeps in flight while the circuit is open, to try them.

Each receive of a message counts toward the dead letters, so that a healthy one would end there in
a long outage. Therefore a few are received once, hidden again and again, and kept in the table.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cdk_streamer_runtime.contract import PARTITION_KEY, SORT_KEY
from cdk_streamer_runtime.contract.sinks import SinkRow
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.sinks.control.backlog import Backlog, Hiding

# One alone might fail for a reason of its own, and keep the circuit open: several take turns.
MOST_HELD = 10
# Then others come in, and the next time it stays for twice as long: of ten receives a healthy
# message has enough for more than three days, and ten bad ones are in the way for an hour.
_STAY = 3_600
# A message can be in flight for 12 hours since it was received, whatever it is hidden for.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
_LONGEST_STAY = 11 * 3_600 + 1_800
_KEPT = 24 * 3_600
_PIECE = 350_000  # bytes; an item has 400 KB at most
_FIELDS = ("slot", "id", "receipt", "receives", "received_at", "tried_at", "pieces")
# It is in the queue again, or was deleted: whoever has received it since has to do with it.
_LOST = ("MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message in flight; its record lies in so many pieces. Times are milliseconds."""

    slot: int
    id: str
    receipt: str
    receives: int
    received_at: int
    tried_at: int
    pieces: int

    def left(self, now: int) -> int:
        """Give the seconds for which it can be hidden yet."""
        stay = min(_STAY << min(max(self.receives - 1, 0), 10), _LONGEST_STAY)
        return stay - (now - self.received_at) // 1000


class HeldMessages:
    """The messages in flight, in the sink's table; raises AwsError."""

    def __init__(self, table: Table, backlog: Backlog) -> None:
        """Take the sink's table and its queue."""
        self._table = table
        self._backlog = backlog

    def all(self) -> list[Held]:
        """Give them, the one that was tried last at the end."""
        keys = [_key(str(slot)) for slot in range(MOST_HELD)]
        held = [_held(row) for row in self._table.get_all(keys, _FIELDS)]
        return sorted(held, key=lambda each: (each.tried_at, each.slot))

    def prolonged(self, now: int, seconds: int, least: int) -> list[Held]:
        """Hide all of them for so long, and give those that can be tried for `least` seconds."""
        held = self.all()
        young = [each for each in held if each.left(now) > least]
        self.release([each for each in held if each not in young])
        hidings = [
            Hiding(receipt=each.receipt, seconds=min(seconds, each.left(now))) for each in young
        ]
        codes = self._backlog.hide(hidings)
        for each, code in zip(young, codes, strict=True):
            if code is not None and code.endswith(_LOST):
                self.forget(each)
        return [each for each, code in zip(young, codes, strict=True) if code is None]

    def keep(self, record: Mapping[str, Any], others: Sequence[Held], now: int) -> Held:
        """Keep one that was just received; its row is written last.

        Who dies before leaves pieces of which nobody knows, and they end by their TTL.
        """
        data = zlib.compress(encode(record).encode())
        pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
        taken = {each.slot for each in others}
        held = Held(
            slot=next(slot for slot in range(MOST_HELD) if slot not in taken),
            id=record["messageId"],
            receipt=record["receiptHandle"],
            receives=int(record["attributes"].get("ApproximateReceiveCount") or 1),
            received_at=now,
            tried_at=0,
            pieces=len(pieces),
        )
        ends = {"ttl": now // 1000 + _KEPT}
        for number, piece in enumerate(pieces):
            self._table.put({**_key(_piece(held, number)), "data": piece, **ends})
        row = {name: getattr(held, name) for name in _FIELDS}
        self._table.put({**_key(str(held.slot)), **row, **ends})
        return held

    def record(self, held: Held) -> dict[str, Any] | None:
        """Give what was received; None: it is not all there."""
        rows = [self._table.get(_key(_piece(held, number))) for number in range(held.pieces)]
        if not all(rows):
            return None
        data = b"".join(row["data"] for row in rows if row)
        return decode(zlib.decompress(data))

    def tried(self, held: Held, now: int) -> Held:
        """Note that it is being tried."""
        self._table.update(
            _key(str(held.slot)),
            "SET tried_at = :now",
            values={":now": now, ":id": held.id},
            names={"#id": "id"},
            condition="#id = :id",
            returns="NONE",
        )
        return replace(held, tried_at=now)

    def forget(self, held: Held) -> None:
        """Keep it no longer; who dies in between leaves the row, so that others do the rest."""
        for key in (*(_piece(held, number) for number in range(held.pieces)), str(held.slot)):
            self._table.delete(_key(key))

    def release(self, held: Sequence[Held], seconds: int = 0) -> None:
        """Let them be received again, now or later; one that cannot be is seen in time anyway."""
        self._backlog.hide([Hiding(receipt=each.receipt, seconds=seconds) for each in held])
        for each in held:
            self.forget(each)


def _key(sort: str) -> dict[str, str]:
    return {PARTITION_KEY: SinkRow.PROBE, SORT_KEY: sort}


def _piece(held: Held, number: int) -> str:
    return f"{held.slot}#{held.id}#{number}"


def _held(row: Mapping[str, Any]) -> Held:
    return Held(**{name: row[name] for name in _FIELDS})
