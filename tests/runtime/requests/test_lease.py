"""The right to work: kept in time, lost for good, and told to subscribers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Cancelled, LeaseLost, Unreachable
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, CountedMetrics
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.progress.coalescer import Coalescer
from cdk_streamer_runtime.progress.pump import Pump
from cdk_streamer_runtime.requests.items import Body
from cdk_streamer_runtime.requests.lease import Lease
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets.posts import Posts
from tests.runtime.observed_aws import ObservedAws, refused_by
from tests.runtime.progress.timeline import Timeline
from tests.runtime.wire import faults

LENGTH = 60_000
LATER = START // 1000 + 3_600
HALF = {"percentage": 50, "message": "half"}


class Held:
    """A claimed attempt with one subscriber."""

    def __init__(self) -> None:
        self.platform = MemoryPlatform()
        memory = MemoryAws(clock=self.platform.clock, tables=[TABLE])
        memory.connections.open("a")
        self.aws = ObservedAws(memory)
        self.metrics = CountedMetrics()
        self.store = RequestStore(
            Table(self.aws, TABLE.name), retention=3_600, new_mark=self.platform.new_id
        )
        new = Request(
            key=request_key("acme", "ann", "r1"),
            tenant="acme",
            owner="ann",
            request_id="r1",
            action="job",
            body_hash="hash",
            created_at=START,
            expires_at=START + 3_600_000,
            timeout=900_000,
            max_attempts=3,
            subscribers={"a": LATER},
            mark="mark",
        )
        self.store.submit(new, Body(payload=None, metadata={}), START)
        self.claimed = self.store.claim(new.key, 1, "w1", START, LENGTH)
        self.lease = Lease(
            self.claimed,
            store=self.store,
            posts=Posts(self.aws, ENDPOINT, metrics=self.metrics),
            length=LENGTH,
            clock=self.platform.clock,
            metrics=self.metrics,
        )

    @property
    def stored(self) -> Request:
        request = self.store.read(self.claimed.key, self.platform.now)
        assert request is not None
        return request

    @property
    def told(self) -> list[Any]:
        messages = [json.loads(body) for body in self.aws.memory.connections.messages("a")]
        assert [fault for message in messages for fault in faults(message)] == []
        return messages


@pytest.fixture
def held() -> Held:
    return Held()


# --- keeping --------------------------------------------------------------------------------------


def test_a_lease_is_kept_when_a_third_of_it_is_gone(held: Held):
    assert held.lease.keep_at() == START + LENGTH // 3


def test_keeping_gives_the_whole_length_from_then_on(held: Held):
    held.platform.advance(20_000)
    held.lease.write(None)

    assert held.stored.lease_until == START + 20_000 + LENGTH
    assert held.lease.keep_at() == START + 40_000
    assert held.told == []


def test_two_that_could_not_be_written_leave_time_for_a_third(held: Held):
    held.aws.on("UpdateItem", *[refused_by(Unreachable("Timeout", "", 0, "UpdateItem"))] * 2)
    for _ in range(2):
        held.platform.advance(LENGTH // 3)
        with pytest.raises(Unreachable):
            held.lease.write(None)
    held.platform.advance(LENGTH // 3 - 1)
    held.lease.write(None)

    assert held.stored.is_leased(held.platform.now)


def test_a_report_keeps_the_lease_when_it_is_time_and_only_then(held: Held):
    held.platform.advance(LENGTH // 3 - 1)
    held.lease.write(HALF)
    assert held.stored.lease_until == START + LENGTH

    held.platform.advance(1)
    held.lease.write(HALF)
    assert held.stored.lease_until == START + LENGTH // 3 + LENGTH


# --- telling --------------------------------------------------------------------------------------


def test_a_report_is_stored_and_told_with_its_attempt(held: Held):
    held.lease.write(HALF)

    assert held.stored.progress == {**HALF, "attempt": 1}
    assert held.told == [
        {
            "type": "progress",
            "request_id": "r1",
            "seq": 1,
            "timestamp": "2023-11-14T22:13:20.000Z",
            "percentage": 50,
            "message": "half",
            "attempt": 1,
        }
    ]
    assert held.metrics.counts == {Metric.PROGRESS_POSTS: 1}


def test_a_report_that_could_not_be_stored_is_not_told(held: Held):
    held.aws.on("UpdateItem", refused_by(Unreachable("Timeout", "", 0, "UpdateItem")))

    with pytest.raises(Unreachable):
        held.lease.write(HALF)
    assert held.told == []


def test_who_subscribes_hears_the_next_report(held: Held):
    held.aws.memory.connections.open("b")
    held.store.subscribe(held.claimed.key, "b", LATER, START)
    held.lease.write(HALF)

    assert len(held.aws.memory.connections.messages("b")) == 1


def test_a_subscriber_that_cannot_keep_up_asks_for_a_slower_pace(held: Held):
    held.aws.memory.connections.throttle("a")

    assert held.lease.write(HALF) is True
    assert held.lease.write(HALF) is False


def test_a_subscriber_that_is_gone_is_forgotten_with_the_next_tick(held: Held):
    held.aws.memory.connections.close("a")
    for _ in range(2):
        held.lease.write(HALF)
        held.platform.advance(5_000)
    assert held.stored.subscribers == {"a": LATER}

    held.lease.write(None)
    assert held.stored.subscribers == {}


def test_who_is_gone_is_remembered_over_a_tick_that_failed(held: Held):
    held.aws.memory.connections.close("a")
    for _ in range(2):
        held.lease.write(HALF)
        held.platform.advance(5_000)
    held.aws.on("UpdateItem", refused_by(Unreachable("Timeout", "", 0, "UpdateItem")))
    with pytest.raises(Unreachable):
        held.lease.write(None)
    held.lease.write(None)

    assert held.stored.subscribers == {}


# --- losing ---------------------------------------------------------------------------------------


def test_the_wish_to_cancel_is_heard_with_any_tick(held: Held):
    changes = {"cancel_reason": "late"}
    held.store.transition(held.stored, Event.CANCEL, START, messages=0, changes=changes)

    for report in (None, HALF):
        with pytest.raises(Cancelled, match="late"):
            held.lease.write(report)


def test_a_report_is_told_though_the_client_wants_no_more(held: Held):
    held.store.transition(held.stored, Event.CANCEL, START, messages=0)

    with pytest.raises(Cancelled):
        held.lease.write(HALF)
    assert [message["seq"] for message in held.told] == [1]


def test_a_lease_that_passed_is_not_lost_until_somebody_takes_it(held: Held):
    held.platform.advance(10 * LENGTH)
    held.lease.write(None)

    assert held.stored.is_leased(held.platform.now)


@pytest.mark.parametrize("event", [Event.RETRY, Event.FAIL])
def test_what_somebody_else_decided_is_final(held: Held, event: Event):
    held.store.transition(held.stored, event, START)

    with pytest.raises(LeaseLost):
        held.lease.write(HALF)
    assert held.told == []


# --- with a pump ----------------------------------------------------------------------------------


@pytest.mark.parametrize("max_rate", [10, 100])
def test_each_subscriber_gets_as_many_reports_a_second_as_were_asked_for(held: Held, max_rate: int):
    timeline = Timeline()
    timeline.now = START
    pump = Pump(held.lease, Coalescer(interval=1_000 // max_rate), timeline.clock, timeline)
    for at in range(1_000):
        timeline.after(at, lambda: pump.offer(HALF))
    timeline.after(1_000, pump.stop)
    pump.run()

    assert len(held.told) == pytest.approx(max_rate, rel=0.05)
    assert held.aws.counts["UpdateItem"] - 1 == len(held.told)  # but for the claim


def test_the_real_machine_tells_the_last_report_of_a_burst(held: Held):
    machine = Machine()
    held.aws.memory.connections.open("a")
    with machine.pumping(held.lease, 10, 10**15) as pump:
        for number in range(500):
            pump.offer({"percentage": number / 5, "message": str(number)})
        last = pump.stop()

    if_waiting = last or held.told[-1]
    assert if_waiting["message"] == "499"
    assert held.stored.state is State.RUNNING
