"""Channels in the table: what is told, and what a snapshot says."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract import (
    CHANNEL_RETENTION_SECONDS,
    SUBSCRIBERS_PER_CHANNEL,
    State,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import TooManySubscribers
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.channels import Channel, ChannelStore
from tests.runtime.observed_aws import ObservedAws, after, repeated
from tests.runtime.wire import faults

LATER = START // 1000 + 3_600
HALF = {"percentage": 50, "message": "half"}


@pytest.fixture
def aws() -> ObservedAws:
    return ObservedAws(MemoryAws(tables=[TABLE]))


@pytest.fixture
def store(aws: ObservedAws) -> ChannelStore:
    return ChannelStore(Table(aws, TABLE.name))


def progress(store: ChannelStore, now: int = START, tenant: str = "acme") -> Channel:
    return store.publish(tenant, "nightly", State.RUNNING, {"progress": HALF}, now=now)


def complete(store: ChannelStore, now: int = START) -> Channel:
    ending = {"ending": {"result": {"rows": 5}}}
    return store.publish("acme", "nightly", State.SUCCEEDED, ending, now=now)


def subscribe(store: ChannelStore, connection: str = "a", now: int = START) -> Channel:
    return store.subscribe("acme", "nightly", connection, LATER, now)


# --- publishing -----------------------------------------------------------------------------------


def test_numbers_grow_by_one_from_one(store: ChannelStore):
    assert [progress(store).seq for _ in range(3)] == [1, 2, 3]


def test_a_channel_comes_to_be_when_somebody_publishes(store: ChannelStore):
    channel = progress(store)

    assert (channel.state, channel.progress, channel.subscribers) == (State.RUNNING, HALF, {})


def test_publishing_to_a_channel_that_is_there_is_one_call(store: ChannelStore, aws: ObservedAws):
    progress(store)
    aws.calls.clear()
    progress(store)

    assert aws.calls == ["UpdateItem"]


def test_two_that_publish_first_at_the_same_moment_both_count(
    store: ChannelStore, aws: ObservedAws
):
    aws.on("PutItem", after(lambda: progress(store)))

    assert progress(store).seq == 2


def test_subscribers_that_are_gone_are_forgotten_with_the_next_report(store: ChannelStore):
    subscribe(store, "a")
    subscribe(store, "b")
    channel = store.publish(
        "acme",
        "nightly",
        State.RUNNING,
        {"progress": HALF},
        now=START,
        gone=frozenset({"a", "never"}),
    )

    assert channel.subscribers == {"b": LATER}


def test_each_report_keeps_the_channel_for_another_day(store: ChannelStore, aws: ObservedAws):
    progress(store, now=START)
    progress(store, now=START + 60_000)

    (item,) = aws.memory.items(TABLE.name)
    assert item["ttl"] == {"N": str(START // 1000 + 60 + CHANNEL_RETENTION_SECONDS)}


# --- subscribing ----------------------------------------------------------------------------------


def test_a_subscriber_gets_the_snapshot_of_its_own_moment(store: ChannelStore):
    progress(store)

    snapshot = subscribe(store).snapshot(0, START)
    assert (snapshot["seq"], snapshot["progress"], snapshot["gap"]) == (1, HALF, True)
    assert faults(snapshot) == []


def test_no_report_falls_between_the_snapshot_and_the_next_one(
    store: ChannelStore, aws: ObservedAws
):
    progress(store)
    aws.on("UpdateItem", after(lambda: progress(store)))
    snapshot = subscribe(store)

    assert snapshot.seq == 2
    assert progress(store).subscribers == {"a": LATER}


def test_subscribing_to_what_was_never_used_creates_it(store: ChannelStore):
    snapshot = subscribe(store).snapshot(None, START)

    assert (snapshot["state"], snapshot["seq"], snapshot["gap"]) == ("QUEUED", 0, False)
    assert faults(snapshot) == []


def test_subscribing_again_renews_the_token(store: ChannelStore):
    subscribe(store)
    again = store.subscribe("acme", "nightly", "a", LATER + 60, START)

    assert again.subscribers == {"a": LATER + 60}


def test_a_channel_has_20_subscribers_at_most(store: ChannelStore):
    for number in range(SUBSCRIBERS_PER_CHANNEL):
        subscribe(store, f"connection-{number}")

    with pytest.raises(TooManySubscribers):
        subscribe(store, "one more")
    assert len(subscribe(store, "connection-0").subscribers) == SUBSCRIBERS_PER_CHANNEL


def test_subscribing_whose_answer_got_lost_counts_once(store: ChannelStore, aws: ObservedAws):
    for number in range(SUBSCRIBERS_PER_CHANNEL - 1):
        subscribe(store, f"connection-{number}")
    aws.on("UpdateItem", repeated)

    assert len(subscribe(store, "last").subscribers) == SUBSCRIBERS_PER_CHANNEL


def test_who_leaves_is_forgotten(store: ChannelStore):
    subscribe(store, "a")
    store.unsubscribe("acme", "nightly", "a")
    store.unsubscribe("acme", "nightly", "a")

    assert progress(store).subscribers == {}


def test_leaving_what_was_never_used_creates_nothing(store: ChannelStore, aws: ObservedAws):
    store.unsubscribe("acme", "nightly", "a")

    assert aws.memory.items(TABLE.name) == []


def test_another_tenants_channel_is_another_one(store: ChannelStore):
    progress(store, tenant="evil")

    assert subscribe(store).seq == 0


# --- ends -----------------------------------------------------------------------------------------


def test_the_result_is_kept_for_who_comes_later(store: ChannelStore):
    progress(store)
    complete(store)

    snapshot = subscribe(store).snapshot(None, START)
    assert (snapshot["state"], snapshot["result"]) == ("SUCCEEDED", {"rows": 5})
    assert faults(snapshot) == []


def test_an_error_is_kept_for_who_comes_later(store: ChannelStore):
    error = {"code": "NO_ROWS", "message": "nothing to do", "retryable": False}
    store.publish("acme", "nightly", State.FAILED, {"ending": {"error": error}}, now=START)

    snapshot = subscribe(store).snapshot(None, START)
    assert (snapshot["state"], snapshot["error"]) == ("FAILED", error)
    assert faults(snapshot) == []


def test_a_new_run_forgets_how_the_last_one_ended(store: ChannelStore):
    complete(store)
    progress(store)

    snapshot = subscribe(store).snapshot(None, START)
    assert snapshot["state"] == "RUNNING"
    assert "result" not in snapshot


def test_what_should_have_been_removed_tells_nothing_of_its_past(store: ChannelStore):
    progress(store)
    complete(store)
    expired = START + CHANNEL_RETENTION_SECONDS * 1000

    snapshot = subscribe(store, now=expired).snapshot(1, expired)
    assert (snapshot["state"], snapshot["progress"]) == ("QUEUED", None)
    assert "result" not in snapshot
    assert faults(snapshot) == []


def test_numbers_go_on_after_what_should_have_been_removed(store: ChannelStore):
    complete(store)

    assert progress(store, now=START + CHANNEL_RETENTION_SECONDS * 1000).seq == 2
