"""The database on the premises: one connection, and one statement."""

from __future__ import annotations

import json
import os
from datetime import datetime
from functools import cache
from typing import Any, Self

from pg8000.native import Connection

from .receipt import Receipt

TIMEOUT = 10  # seconds; a database that is down must not hold a function until its end
INSERT = """
insert into receipts (shop, number, issued_on, total, tax, sent_at)
values (:shop, :number, :issued_on, :total, :tax, :sent_at)
on conflict (shop, number) do update set deliveries = receipts.deliveries + 1
"""


class Ledger:
    """Stores receipts; what comes twice is one row."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection, which this closes."""
        self._connection = connection

    @classmethod
    def connect(cls) -> Self:
        """Come as the secret says; raises the errors of pg8000."""
        return cls(Connection(timeout=TIMEOUT, **_address()))

    def store(self, receipt: Receipt, *, sent_at: datetime) -> None:
        """Insert a receipt, or count that it came once more."""
        self._connection.run(INSERT, **receipt.to_document(), sent_at=sent_at.isoformat())

    def close(self) -> None:
        """Leave."""
        self._connection.close()


_kept: list[Ledger] = []


def kept() -> Ledger:
    """Give the connection that this process keeps from one call to the next."""
    if not _kept:
        _kept.append(Ledger.connect())
    return _kept[0]


def forget() -> None:
    """Connect anew the next time."""
    _kept.clear()


@cache
def _address() -> dict[str, Any]:
    import boto3

    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])
    return json.loads(secret["SecretString"])
