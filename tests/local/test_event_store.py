"""What the event store writes means the same to DynamoDB and S3 as to AWS in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.breaker import Breaker
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.store.circuits import Downstream, Guard
from cdk_streamer_runtime.streams.store.files import Files, Version
from cdk_streamer_runtime.streams.store.jobs import Job, move_on
from cdk_streamer_runtime.streams.store.rows import Expiry, Origin, correlation_row, event_row
from cdk_streamer_runtime.streams.store.table import EventStore, TooManyEvents
from tests.local.conformance import TABLE
from tests.local.conftest import Pair
from tests.runtime.streams.surroundings import Counted, Named

EXPIRY = Expiry(ttl=START // 1000 + 60, expire="late")


@pytest.fixture(params=["memory", "engine"])
def world(pair: Pair, request: pytest.FixtureRequest) -> World:
    aws: Aws = getattr(pair, request.param)
    return World(
        aws=aws,
        platform=MemoryPlatform(),
        resources=Named(table=TABLE.name),
        meter=Counted(),
        deadline=START + 60_000,
        tags={},
    )


@pytest.fixture
def path(pair: Pair, world: World) -> Iterator[str]:
    if world.aws is pair.memory:
        pair.memory.objects.buckets.add("event-store")
    else:
        place = b"<LocationConstraint>eu-west-1</LocationConstraint>"
        body = b"<CreateBucketConfiguration>" + place + b"</CreateBucketConfiguration>"
        world.aws.rest("s3", "PUT", "/event-store/", body=body)
    yield "/event-store/orders/17"
    world.aws.rest("s3", "DELETE", "/event-store/orders/17")


def event(id: str, at: int) -> Event:
    return Event(
        id=id, type="order-paid", timestamp=START + at, partitionKey="17", tags={}, order={"n": 1.5}
    )


def test_a_row_is_put_once(world: World):
    store = EventStore(world, "table")
    row = event_row(event("once", 0), None, EXPIRY, Origin())
    assert [store.put_if_absent(row) for _ in range(2)] == [True, False]


def test_correlated_events_come_in_the_order_of_time_from_a_moment_on(world: World):
    store = EventStore(world, "table")
    for at in (5, 1, 3, 2):
        store.put_if_absent(correlation_row(event(f"e{at}", at), "17", "s", EXPIRY, Origin()))
    found = store.correlated("17.s", since=START + 2)
    assert [each.event for each in found] == [event(f"e{at}", at) for at in (2, 3, 5)]
    with pytest.raises(TooManyEvents):
        store.correlated("17.s", most=3)


def test_a_job_is_moved_on_once_and_not_when_it_is_cancelled(world: World):
    key = {"pk": "job", "sk": "JOB"}
    table = Table(world.aws, TABLE.name)
    table.put(key)
    job = Job(key=key, run="r", page=0, cursor=None)
    cursor = {"pk": {"S": "x"}}
    assert [move_on(world, "table", job, cursor, 3) for _ in range(2)] == [True, False]
    second = replace(job, page=1)
    table.update(
        key, "SET #state = :state", names={"#state": "state"}, values={":state": "cancelled"}
    )
    assert move_on(world, "table", second, None, 2) is False
    table.update(
        key, "SET #state = :state", names={"#state": "state"}, values={":state": "running"}
    )
    assert move_on(world, "table", second, None, 2) is True
    end = {"state": "done", "page": 2, "items": 5, "run": "r"}
    assert table.get(key) == key | end


def test_a_circuit_is_stored_by_one_after_the_other(world: World):
    breaker = Breaker(failures=3, share=0.5, window=60_000, pause=10, longest_pause=10, trials=1)
    downstream = Downstream(name="crm", breaker=breaker, is_failure=lambda _: True, table="table")
    for guard in (Guard(downstream, world), Guard(downstream, world), Guard(downstream, world)):
        guard.leave(failure=True, trial=False)
    stored = Table(world.aws, TABLE.name).get({"pk": "CIRCUIT#crm", "sk": "CIRCUIT"}) or {}
    assert (stored["state"], stored["version"]) == ("open", 3)


def test_an_object_is_changed_by_newer_events_alone(world: World, path: str):
    files = Files(world.aws)
    versions = [Version(timestamp=at, sequence=None, lineage=None) for at in (2, 1, 3)]
    stored = [files.put(path, version, b"%d" % version.timestamp, {}) for version in versions]
    assert (stored, world.aws.rest("s3", "GET", path)) == ([True, False, True], b"3")
    assert [files.remove(path, versions[0]), files.mark(path, versions[2])] == [False, True]
    assert world.aws.read_object(path, 0, 0).metadata["deleted"] == "true"
    assert files.remove(path, versions[2]) is True
