"""What the demo asks of a database, be it PostgreSQL or what stands in for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

CONNECTIONS = 5
LABOR = 0.1  # seconds that a row takes, for each connection that is at work
NAME = USER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a database listens, and as whom one may come."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def to_text(self) -> str:
        """Write it for the secret that the sink's function reads."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A receipt as it is stored, since when it began to be; `deliveries` is how often it came."""

    shop: str
    number: str
    total: Decimal
    sent_at: datetime
    stored_at: datetime
    deliveries: int


class Server(Protocol):
    """A database server of this machine."""

    @property
    def title(self) -> str:
        """What it is."""
        ...

    @property
    def address(self) -> Address:
        """Where it is: the same place after each start."""
        ...

    @property
    def refusals(self) -> int:
        """How many connections it has refused for being too many."""
        ...

    def start(self) -> None:
        """Serve; gives back when clients can come."""
        ...

    def stop(self) -> None:
        """Serve no more; what was stored stays."""
        ...

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        ...

    def connections(self) -> int:
        """Count who is connected; raises OSError while it is stopped."""
        ...

    def rows(self) -> Sequence[Row]:
        """Give all that is stored."""
        ...

    def clear(self) -> None:
        """Send everybody away, and forget all that is stored."""
        ...
