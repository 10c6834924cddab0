"""The database on the premises: one connection, and one statement."""

from __future__ import annotations

import json
import os
from datetime import datetime
from functools import cache
from typing import Any, Self

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from .receipt import Receipt

# Of a statement, which has nothing to do with the connection: data, integrity, syntax and rights.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
CONDITIONS = ("22", "23", "42")
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
        """Insert a receipt, or count that it came once more; raises the errors of pg8000."""
        self._connection.run(INSERT, **receipt.to_document(), sent_at=sent_at.isoformat())

    def close(self) -> None:
        """Leave."""
        self._connection.close()


_kept: list[Ledger] = []


def store(receipt: Receipt, *, sent_at: datetime) -> None:
    """Store a receipt over the connection that this process keeps from one call to the next.

    It may have broken while nobody used it, which says nothing of the database: then a new one is
    tried. What was stored all the same is stored once.
    """
    while True:
        is_old = bool(_kept)
        try:
            if not is_old:
                _kept.append(Ledger.connect())
            _kept[0].store(receipt, sent_at=sent_at)
        except (DatabaseError, InterfaceError, OSError) as error:
            if code_of(error).startswith(CONDITIONS):
                raise
            forget()
            if not is_old:
                raise
        else:
            return


def code_of(error: Exception) -> str:
    """Give PostgreSQL's code of an error, or nothing."""
    told = error.args[0] if error.args else None
    return str(told.get("C", "")) if isinstance(told, dict) else ""


def forget() -> None:
    """Connect anew the next time."""
    _kept.clear()


@cache
def _address() -> dict[str, Any]:
    import boto3

    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])
    return json.loads(secret["SecretString"])
