"""A sink in memory, as its author's tests use it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cdk_streamer_runtime.sinks import (
    DownstreamUnavailable,
    NotSent,
    Outgoing,
    Permanent,
    Sink,
    SinkRecord,
)
from cdk_streamer_runtime.testing import MemorySink


class Ledger:
    """A downstream, and the author's sink before it."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.is_up = True
        self.sink = Sink()

        @self.sink.deliver
        def deliver(record: SinkRecord) -> None:
            if not self.is_up:
                raise DownstreamUnavailable("the ledger is down")
            if record.data["total"] < 0:
                raise Permanent("a total is not negative")
            self.rows[record.key] = record.data["total"]


@pytest.fixture
def ledger():
    return Ledger()


def test_what_is_sent_is_delivered_when_time_passes(ledger):
    sink = MemorySink(ledger.sink)
    sink.send([{"total": 7}, Outgoing(data={"total": 8}, key="second")])
    assert ledger.rows == {}
    assert [record.data["total"] for record in sink.advance()] == [7, 8]
    assert ledger.rows["second"] == 8
    assert sink.waiting == 0


def test_a_rate_takes_its_time(ledger):
    sink = MemorySink(ledger.sink, rate=2)
    sink.send([{"total": number} for number in range(10)])
    sink.advance()
    assert sink.now - datetime(2026, 1, 1, tzinfo=UTC) >= timedelta(seconds=4.5)


def test_deliveries_that_wait_for_their_turn_go_no_further_than_time_does(ledger):
    sink = MemorySink(ledger.sink, rate=5)
    sink.send([{"total": number} for number in range(50)])
    assert len(sink.advance(4)) == 30  # what began before it had passed
    assert len(sink.advance(60)) == 20


def test_what_can_never_be_delivered_is_rejected_with_its_reason(ledger):
    sink = MemorySink(ledger.sink)
    sink.send([{"total": -1}, {"total": 1}])
    sink.advance()
    (rejected,) = sink.rejected
    assert (rejected.record.data, rejected.reason) == ({"total": -1}, "a total is not negative")
    assert sink.rejected == [rejected]


def test_what_fails_too_often_is_a_dead_letter(ledger):
    sink = MemorySink(ledger.sink, max_receive_count=3)
    sink.send(["no total"])
    sink.advance(timedelta(hours=1))
    (dead,) = sink.dead_letters
    assert dead.data == "no total"
    assert [type(error) for error in sink.errors] == [TypeError] * 3


def test_an_outage_costs_nothing_but_time(ledger):
    sink = MemorySink(ledger.sink, breaker_failures=3)
    ledger.is_up = False
    sink.send([{"total": number} for number in range(50)])
    sink.advance(timedelta(hours=1))
    assert sink.is_paused
    assert (sink.waiting, sink.dead_letters) == (50, [])
    ledger.is_up = True
    sink.advance(timedelta(minutes=20))
    assert not sink.is_paused
    assert len(ledger.rows) == 50


def test_what_was_sent_twice_is_delivered_once(ledger):
    sink = MemorySink(ledger.sink, remember=timedelta(days=1))
    for _ in range(2):
        sink.send([Outgoing(data={"total": 7}, key="one")])
        sink.advance()
    assert len(sink.delivered) == 1


def test_a_group_keeps_its_order_through_failures(ledger):
    sink = MemorySink(ledger.sink, fifo=True, ordered_by="account")
    ledger.is_up = False
    sink.send([{"account": "a", "total": number} for number in range(3)])
    sink.advance(1)
    ledger.is_up = True
    sink.send([{"account": "a", "total": 3}])
    assert [record.data["total"] for record in sink.advance(600)] == [0, 1, 2, 3]


def test_what_fails_too_often_lets_its_group_go_on(ledger):
    sink = MemorySink(ledger.sink, fifo=True, max_receive_count=2)
    sink.send(["no total", {"total": 1}])
    assert [record.data for record in sink.advance(600)] == [{"total": 1}]
    assert [record.data for record in sink.dead_letters] == ["no total"]


def test_a_sink_of_batches_tells_what_was_delivered():
    sink = Sink()

    @sink.deliver_batch
    def deliver(records):
        return (record.id for record in records if record.data == "late" and record.attempt == 1)

    memory = MemorySink(sink)
    memory.send(["early", "late"])
    assert [record.data for record in memory.advance()] == ["early"]
    assert [record.data for record in memory.advance(60)] == ["late"]


def test_each_error_of_a_batch_is_told():
    sink = Sink()
    sink.deliver_batch(lambda records: {records[0].id: Permanent("no such account")})
    memory = MemorySink(sink)
    memory.send(["a", "b"])
    assert [record.data for record in memory.advance()] == ["b"]
    assert [str(error) for error in memory.errors] == ["no such account"]


def test_it_refuses_what_a_sink_refuses(ledger):
    sink = MemorySink(ledger.sink, fifo=True, ordered_by="account")
    with pytest.raises(ValueError, match="'account'"):
        sink.send([{"total": 7}])
    assert not issubclass(ValueError, NotSent)


def test_time_does_not_go_back(ledger):
    with pytest.raises(ValueError, match="must not go back, got -1 seconds"):
        MemorySink(ledger.sink).advance(-1)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_nothing_can_keep_is_refused(rate):
    with pytest.raises(ValueError, match="rate must be above 0"):
        MemorySink(Sink(), rate=rate)


def test_what_is_no_sink_is_refused():
    with pytest.raises(TypeError, match="a MemorySink runs a Sink"):
        MemorySink(print)  # pyright: ignore[reportArgumentType] - as an author might
