"""Events that are larger than a service takes: what stands for them, and that it is them again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.claims.claim import ClaimCheck, ClaimRefused
from cdk_streamer_runtime.streams.claims.packing import TooLarge, packed
from cdk_streamer_runtime.streams.claims.unpacking import Unpacking, packed_size
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Malformed
from cdk_streamer_runtime.streams.place import NOWHERE
from cdk_streamer_runtime.streams.uow import unit_of_work
from tests.runtime.streams.claims.parcels import EVENT, LIMIT, carried
from tests.runtime.streams.records import EVENTS, few
from tests.runtime.streams.surroundings import CLAIMS, Surroundings


@pytest.fixture
def here() -> Surroundings:
    return Surroundings()


def test_an_event_within_the_limit_travels_as_it_is(here):
    parcel = packed(EVENT, 10_000, here.world)
    assert json.loads(parcel.text) == EVENT
    assert parcel.size == len(parcel.text.encode())
    parcel.put(here.world)
    assert here.aws.asked == []


def test_an_event_over_the_limit_leaves_its_head_and_where_the_rest_is(here):
    arrived = carried(EVENT, here)
    claim = arrived["claimCheck"]
    assert {**arrived, "claimCheck": None} == {
        **{name: EVENT[name] for name in ("id", "type", "timestamp", "partitionKey", "tags")},
        "claimCheck": None,
    }
    assert claim.keys() == {"bucket", "key", "size"}
    assert here.aws.stored() == {f"/{CLAIMS}/{claim['key']}": EVENT}


def test_packing_asks_nobody_until_put_is_called(here):
    packed(EVENT, LIMIT, here.world)
    assert here.aws.asked == []


def test_the_key_of_a_claim_check_is_made_of_the_event_and_of_nothing_else(here):
    first = packed(EVENT, LIMIT, here.world)
    here.platform.advance(3_600_000)  # the peer's key has the hour, and is computed twice
    second = packed(Event(dict(EVENT)), LIMIT, here.world)
    assert first == second
    assert first.claim is not None
    assert json.loads(first.text)["claimCheck"] == first.claim.document()


def test_a_second_put_of_the_same_event_is_the_same_object(here):
    carried(EVENT, here)
    carried(EVENT, here)
    assert len(here.aws.stored()) == 1


def test_what_comes_back_is_the_event_that_was_sent(here):
    assert Unpacking().unpacked(carried(EVENT, here), here.world) == EVENT


def test_a_unit_of_work_is_redeemed_and_keeps_its_record(here):
    arrived = carried(EVENT, here)
    uow = unit_of_work({"body": "it"}, arrived, NOWHERE)
    whole = Unpacking().redeem(uow, here.world)
    assert (whole.event, whole.record) == (EVENT, {"body": "it"})
    assert Unpacking().is_claim(arrived)
    assert not Unpacking().is_claim(EVENT)


@few
@given(event=EVENTS)
def test_every_event_survives_a_claim_check_and_compression(event):
    here = Surroundings()
    text = json.dumps(event, ensure_ascii=False)
    whole = Event({**event, "filler": text.encode(errors="ignore").decode() * 50 + "-" * 3_000})
    for compress in (None, 0):
        limit = 2_500
        arrived = carried(whole, here, limit, compress)
        assert Unpacking().unpacked(arrived, here.world) == whole


def test_without_a_bucket_a_large_event_is_refused_with_the_remedy():
    here = Surroundings(bucket=False)
    with pytest.raises(TooLarge, match="no bucket for claim checks; make the event smaller"):
        packed(EVENT, LIMIT, here.world)


def test_tags_that_alone_are_too_large_are_refused(here):
    event = Event({**EVENT, "tags": {"note": "x" * 2_000}})
    with pytest.raises(TooLarge, match="the tags of event 'thing-created' alone"):
        packed(event, LIMIT, here.world)


@pytest.mark.parametrize(
    "member",
    [{"claimCheck": {}}, {"compressed": {"codec": "gzip", "size": 1, "data": ""}}],
)
def test_an_event_with_a_member_that_would_be_taken_for_ours_is_not_sent(here, member):
    with pytest.raises(ValueError, match="must not have a member"):
        packed(Event({**EVENT, **member}), 10_000, here.world)


def test_an_entity_may_be_called_compressed(here):
    event = Event({**EVENT, "compressed": {"by": "hand"}})
    arrived = carried(event, here, 10_000)
    assert Unpacking().unpacked(arrived, here.world) == event


# --- hostile claim checks -------------------------------------------------------------------------


def claiming(**claim):
    good = ClaimCheck.of(b"{}", bucket=CLAIMS, prefix="claims/").document()
    return Event({**EVENT, "claimCheck": {**good, **claim}})


HOSTILE = {
    "another bucket": {"bucket": "somebody-elses"},
    "no bucket": {"bucket": ""},
    "a key of nobody": {"key": "secrets/passwords.json"},
    "a path upwards": {"key": "claims/../secrets/passwords.json"},
    "the original of a fault": {"key": f"records/{'0' * 64}.json"},
    "a query": {"key": f"claims/{'0' * 64}.json?versions"},
    "a line more": {"key": f"claims/{'0' * 64}.json\n"},
    "a size of nothing": {"size": 0},
    "a negative size": {"size": -1},
    "a size that is true": {"size": True},
    "a size as text": {"size": "2"},
    "too large": {"size": 2**40},
    "a bucket that is a list": {"bucket": [CLAIMS]},
    "more than it should have": {"region": "eu-west-1"},
}


@pytest.mark.parametrize("claim", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_claim_check_for_anything_else_is_refused_before_anybody_is_asked(here, claim):
    with pytest.raises(ClaimRefused):
        Unpacking().unpacked(claiming(**claim), here.world)
    assert here.aws.asked == []


@pytest.mark.parametrize("document", [None, "s3://bucket/key", 7, [], {}, {"bucket": CLAIMS}])
def test_a_claim_check_of_another_shape_is_refused(here, document):
    with pytest.raises(ClaimRefused, match="must have bucket, key and size"):
        Unpacking().unpacked(Event({**EVENT, "claimCheck": document}), here.world)


def test_a_bucket_that_the_app_names_is_read():
    there = Surroundings(upstream="their-claims")
    theirs = Surroundings()
    sent = packed(EVENT, LIMIT, theirs.world)
    path = f"/their-claims/{sent.claim.key}"  # pyright: ignore[reportOptionalMemberAccess] - then it fails
    there.aws.memory.rest("s3", "PUT", path, body=sent.body)
    arrived = Event(json.loads(sent.text.replace(CLAIMS, "their-claims")))
    with pytest.raises(ClaimRefused, match="a place that this app does not read"):
        Unpacking().unpacked(arrived, there.world)
    assert Unpacking(buckets=("upstream",)).unpacked(arrived, there.world) == EVENT


def test_a_bucket_that_is_named_and_not_there_is_told_with_the_remedy(here):
    arrived = carried(EVENT, here)
    with pytest.raises(ValueError, match="add it to the construct's resources"):
        Unpacking(buckets=("upstream",)).unpacked(arrived, here.world)


def test_what_is_not_there_any_more_is_refused_for_it_never_comes_back(here):
    with pytest.raises(ClaimRefused, match="claim checks must outlive their events"):
        Unpacking().unpacked(claiming(), here.world)


def test_a_bucket_that_is_out_of_reach_is_no_fault_of_the_record(here):
    arrived = carried(EVENT, here)
    here.aws.broken[f"GET /{CLAIMS}/{arrived['claimCheck']['key']}"] = aws_error(
        "SlowDown", "", 503, "GET s3"
    )
    with pytest.raises(AwsError, match="SlowDown"):
        Unpacking().unpacked(arrived, here.world)


REPLACED = {
    "other": lambda _: b"{}",
    "huge": lambda _: b"x" * 5_000_000,
    "empty": lambda _: b"",
    "of the same size": lambda body: body.replace(b"xxxx", b"yyyy"),
    "longer": lambda body: body + b" ",
    "shorter": lambda body: body[:-1],
}


@pytest.mark.parametrize("replace_", REPLACED.values(), ids=REPLACED.keys())
def test_an_object_that_somebody_replaced_is_refused(here, replace_):
    arrived = carried(EVENT, here)
    path = f"/{CLAIMS}/{arrived['claimCheck']['key']}"
    body = replace_(here.aws.memory.rest("s3", "GET", path))
    here.aws.memory.rest("s3", "PUT", path, body=body)
    with pytest.raises(ClaimRefused, match="not what was left there"):
        Unpacking().unpacked(arrived, here.world)


@pytest.mark.parametrize("name", ["id", "type", "timestamp", "partitionKey", "tags"])
def test_a_claim_check_of_another_event_is_refused(here, name):
    arrived = carried(EVENT, here)
    other = {"timestamp": 5, "tags": {}}.get(name, "other")
    with pytest.raises(ClaimRefused, match="not the event that it was packed for"):
        Unpacking().unpacked(Event({**arrived, name: other}), here.world)


@pytest.mark.parametrize("member", ["claimCheck", "compressed"])
def test_a_claim_check_within_a_claim_check_is_refused(here, member):
    inner = {"claimCheck": {}, "compressed": {"codec": "gzip", "size": 1, "data": ""}}[member]
    body = json.dumps({**EVENT, member: inner}).encode()
    claim = ClaimCheck.of(body, bucket=CLAIMS, prefix="claims/")
    here.aws.memory.rest("s3", "PUT", claim.path, body=body)
    with pytest.raises(ClaimRefused, match="packed again"):
        Unpacking().unpacked(claiming(**claim.document()), here.world)


@pytest.mark.parametrize("body", [b"secret", b'["secret"]', b'"secret"', b"\xff", b"[" * 100_000])
def test_an_object_that_is_no_event_is_refused_without_being_quoted(here, body):
    claim = ClaimCheck.of(body, bucket=CLAIMS, prefix="claims/")
    here.aws.memory.rest("s3", "PUT", claim.path, body=body)
    with pytest.raises(Malformed) as caught:
        Unpacking().unpacked(claiming(**claim.document()), here.world)
    assert "secret" not in str(caught.value)


def test_an_event_tells_how_large_it_will_be(here):
    arrived = carried(EVENT, here)
    assert packed_size(arrived) == len(json.dumps(EVENT, separators=(",", ":")))
    assert packed_size(EVENT) == 0
    assert packed_size(claiming(size="many")) == 0


def test_what_redeeming_needs_is_to_read_and_to_be_told_what_is_not_there():
    uses = Unpacking(buckets=("upstream",)).uses
    assert [use.name for use in uses] == ["claims", "upstream"]
    assert {use.actions for use in uses} == {("s3:GetObject", "s3:ListBucket")}


def test_an_encoder_that_gives_bytes_packs_the_same(here):
    def encode(value):
        return json.dumps(value, separators=(",", ":")).encode()

    world = replace(here.world, encode=encode)
    for limit in (LIMIT, 10_000):
        assert packed(EVENT, limit, world) == packed(EVENT, limit, here.world)
