"""The sink: stores one receipt after the other, and says what it means when that fails."""

from __future__ import annotations

from decimal import DecimalException

from pg8000.exceptions import DatabaseError, InterfaceError

from cdk_streamer_runtime.sinks import DownstreamUnavailable, Permanent, Sink, SinkRecord

from . import ledger
from .receipt import Receipt

# https://www.postgresql.org/docs/current/errcodes-appendix.html
AWAY = ("08", "53", "57P")  # connections, resources, and a server that comes or goes
HOPELESS = ("22", "23")  # values that no column takes

# InterfaceError is what pg8000 makes of a connection that cannot be made, or breaks.
sink = Sink(unavailable=[InterfaceError])


@sink.deliver
def deliver(record: SinkRecord) -> None:
    """Store a receipt over the connection that is kept from one to the next."""
    try:
        receipt = Receipt.from_document(record.data)
    except (KeyError, TypeError, ValueError, DecimalException) as error:
        raise Permanent(f"this is no receipt: {error!r}") from error
    try:
        ledger.store(receipt, sent_at=record.sent_at)
    except DatabaseError as error:
        code = ledger.code_of(error)
        if code.startswith(AWAY):
            raise DownstreamUnavailable(code) from error
        if code.startswith(HOPELESS):
            raise Permanent(f"the database refuses it with {code}") from error
        raise
