"""Sink for EventBridge."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.errors import AwsError, Throttled
from cdk_streamer_runtime.streams.claims.packing import TooLarge
from cdk_streamer_runtime.streams.pipelines.steps import Entry
from cdk_streamer_runtime.streams.sinks.events import publish, publish_events
from cdk_streamer_runtime.streams.sinks.limits import EVENTS_BYTES
from cdk_streamer_runtime.streams.sinks.requests import chunks
from tests.runtime.streams.sinks.sending import TAGS, Surroundings, batch, event, unit


def details(surroundings):
    return [each["detail"] for each in surroundings.aws.buses.events("bus")]


def test_an_event_is_published_under_its_type_by_its_source(surroundings):
    request = event(thing={"name": "x"}, tags={"pipeline": "cdc"})
    (passed,) = surroundings.send(publish(), unit(publish_request=request))
    (published,) = surroundings.aws.buses.events("bus")
    assert (published["detail-type"], published["source"]) == ("thing-published", "orders-stream")
    assert published["detail"] == {**request, "tags": {**TAGS, "pipeline": "cdc"}}
    assert passed.publish_response["EventId"] == published["id"]


def test_the_same_event_is_the_same_text_each_time(surroundings):
    first, second = (
        publish().prepare(unit(publish_request=event()), surroundings.world) for _ in range(2)
    )
    assert first == second


def test_a_partial_failure_is_mapped_to_its_own_unit(surroundings):
    surroundings.aws.buses.refusals.next(None, "ThrottlingException", "InternalFailure", "Bad")
    units = [unit(str(number), publish_request=event(str(number))) for number in range(5)]
    first, throttled, internal, bad, last = surroundings.send(publish(), *units)
    assert (first.publish_response, last.publish_response) != (None, None)
    assert isinstance(throttled, Throttled)
    assert (internal.status, bad.status) == (500, 400)
    assert [each["id"] for each in details(surroundings)] == ["0.cdc", "4.cdc"]


def test_a_batch_publishes_the_events_of_its_members(surroundings):
    members = [unit(str(number), publish_request=event(str(number))) for number in range(25)]
    (passed,) = surroundings.send(publish(), batch(*members))
    assert surroundings.aws.count("PutEvents") == 3
    assert len(passed.publish_response) == len(details(surroundings)) == 25


def test_several_events_of_a_unit_fail_together(surroundings):
    surroundings.aws.buses.refusals.next(None, "InternalFailure")
    (answer,) = surroundings.send(publish(), unit(publish_request=[event("1"), event("2")]))
    assert isinstance(answer, AwsError)


def test_no_call_has_more_entries_or_bytes_than_the_service_takes(surroundings):
    sizes = [300_000, 300_000, 300_000, 300_000, 10]
    entries = [Entry(value=size, size=size) for size in sizes]
    assert [[each.size for each in chunk] for chunk in chunks(entries, 10, 1_000_000)] == [
        [300_000, 300_000, 300_000],
        [300_000, 10],
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 20)), st.integers(1, 5), st.integers(20, 40))
def test_chunks_keep_order_and_limits(sizes, count, size):
    entries = [Entry(value=index, size=each) for index, each in enumerate(sizes)]
    parts = [part for part in chunks(entries, count, size) if part]
    assert [entry for part in parts for entry in part] == entries
    assert all(len(part) <= count and sum(e.size for e in part) <= size for part in parts)


def test_a_large_event_goes_by_claim_check(surroundings):
    request = event(thing={"text": "x" * (EVENTS_BYTES + 1)})
    surroundings.send(publish(), unit(publish_request=request))
    (detail,) = details(surroundings)
    kept = surroundings.aws.rest("s3", "GET", f"/claims/{detail['claimCheck']['key']}")
    assert json.loads(kept) == {**request, "tags": TAGS}
    assert detail["id"] == request["id"]


def test_an_event_whose_claim_cannot_be_left_does_not_hold_back_its_neighbors(surroundings):
    surroundings.aws.objects.buckets.clear()
    large = event("1", thing={"text": "x" * (EVENTS_BYTES + 1)})
    units = [unit("1", publish_request=large), unit("2", publish_request=event("2"))]
    failed, passed = surroundings.send(publish(), *units)
    assert isinstance(failed, AwsError)
    assert passed.publish_response
    assert [each["id"] for each in details(surroundings)] == ["2.cdc"]


def test_a_large_event_may_be_compressed(surroundings):
    request = event(thing={"text": "x" * 10_000})
    surroundings.send(publish(compress=1_000), unit(publish_request=request))
    (detail,) = details(surroundings)
    assert detail["compressed"]["codec"] == "gzip"


@pytest.mark.parametrize("member", ["id", "type"])
def test_an_event_without_id_or_type_is_refused(surroundings, member):
    request = {name: value for name, value in event().items() if name != member}
    with pytest.raises(ValueError, match=f"needs '{member}'"):
        publish().prepare(unit(publish_request=request), surroundings.world)


def test_sets_and_bytes_of_an_item_can_be_published(surroundings):
    request = event(thing={"tags": frozenset({"b", "a"}), "data": b"x"})
    surroundings.send(publish(), unit(publish_request=request))
    assert details(surroundings)[0]["thing"] == {"tags": ["a", "b"], "data": "eA=="}


def test_the_grants_are_the_buss_and_the_claims():
    assert [(use.kind, use.name, use.actions) for use in publish(bus="other").uses] == [
        (ResourceKind.EVENT_BUS, "other", ("events:PutEvents",)),
        (ResourceKind.BUCKET, "claims", ("s3:PutObject",)),
    ]


# --- outside of pipelines -----------------------------------------------------------------------


def test_events_outside_of_pipelines_are_told_one_by_one(surroundings):
    surroundings.aws.buses.refusals.next(None, "InternalFailure")
    met = publish_events([event("1"), {"id": "2"}, event("3")], surroundings.world)
    assert [type(error) for error in met] == [type(None), ValueError, AwsError]


def test_a_call_that_fails_is_met_by_all_of_its_events(surroundings):
    surroundings.aws.lost["PutEvents"] = [Throttled("ThrottlingException", "", 400, "PutEvents")]
    met = publish_events([event(str(number)) for number in range(12)], surroundings.world)
    assert [error is None for error in met] == [False] * 10 + [True] * 2


def test_what_is_over_the_limit_without_a_bucket_is_refused():
    surroundings = Surroundings(without=("claims",))
    met = publish_events([event(thing="x" * EVENTS_BYTES)], surroundings.world)
    assert isinstance(met[0], TooLarge)
