"""The sink's function, against the stub: it speaks PostgreSQL's protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from handlers import ledger, sink  # pyright: ignore[reportAttributeAccessIssue] - of this example
from handlers.receipt import Receipt  # pyright: ignore[reportMissingImports] - the same
from pg8000.exceptions import InterfaceError

from cdk_streamer_runtime.sinks import DownstreamUnavailable, Permanent, SinkRecord
from examples.receipts.database.server import CONNECTIONS
from examples.receipts.database.stub import Stub
from examples.receipts.sample import receipts

PATIENCE = 10  # seconds
CODES = [receipt.code for receipt in receipts(2)]


def until(holds: Callable[[], bool]) -> None:
    """Wait for the server's own threads."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def record(body: object) -> SinkRecord:
    return SinkRecord(
        id="message-1",
        key="key-1",
        body=json.dumps(body),
        attributes={},
        group=None,
        sent_at=datetime(2026, 3, 1, tzinfo=UTC),
        attempt=1,
    )


def receipt(code: str) -> SinkRecord:
    return record(Receipt.from_code(code).to_document())


def test_receipts_are_stored_over_one_connection(server: Stub):
    for code in CODES:
        sink.deliver(receipt(code))

    assert len(server.rows()) == 2
    assert server.connections() == 1


def test_a_receipt_that_comes_twice_is_one_row(server: Stub):
    sink.deliver(receipt(CODES[0]))
    sink.deliver(receipt(CODES[0]))

    (row,) = server.rows()
    assert row.deliveries == 2


def test_a_database_that_is_full_is_unavailable_and_no_longer_when_it_is_not(server: Stub):
    others = [ledger.Ledger.connect() for _ in range(CONNECTIONS)]

    with pytest.raises(DownstreamUnavailable, match="53300"):
        sink.deliver(receipt(CODES[0]))
    for other in others:
        other.close()
    until(lambda: server.connections() == 0)

    sink.deliver(receipt(CODES[0]))
    assert len(server.rows()) == 1


def test_a_database_that_goes_away_raises_what_the_sink_counts_and_is_found_again(server: Stub):
    sink.deliver(receipt(CODES[0]))
    server.stop()
    for _ in range(2):
        with pytest.raises(InterfaceError):
            sink.deliver(receipt(CODES[1]))

    server.start()
    sink.deliver(receipt(CODES[1]))

    assert len(server.rows()) == 2
    assert InterfaceError in sink.sink.functions.unavailable


def test_a_connection_that_broke_while_nobody_used_it_is_replaced_without_a_failure(server: Stub):
    sink.deliver(receipt(CODES[0]))
    server.stop()
    server.start()

    sink.deliver(receipt(CODES[1]))

    assert len(server.rows()) == 2


@pytest.mark.parametrize("body", [{}, [], "x", {"shop": "1"}, {"total": "much"}])
def test_what_is_no_receipt_will_never_be_one(server: Stub, body: object):
    with pytest.raises(Permanent, match="this is no receipt"):
        sink.deliver(record(body))
