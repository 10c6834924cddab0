"""DynamoDB streams as a source."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.outcome import Ignored, Reason
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.dynamodb import Images, from_dynamodb
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from tests.runtime.streams.documented import DYNAMODB, EXPIRED
from tests.runtime.streams.records import MOMENTS, NAMES, TEXT, events, fault, few, only

MESSAGES = Images(pk="Id", entity="message")
KEY = {"pk": "1", "sk": "thing"}
ITEM = {**KEY, "discriminator": "Thing"}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | TEXT
    | st.binary(max_size=6)
    | st.integers(-(10**37), 10**37)
    | st.floats(-(10.0**30), 10.0**30)
    | st.frozensets(TEXT, min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4)


@st.composite
def changes(draw):
    raw = draw(
        st.fixed_dictionaries({"new": ITEMS})
        | st.fixed_dictionaries({"old": ITEMS})
        | st.fixed_dictionaries({"new": ITEMS, "old": ITEMS})
    )
    key, kind = draw(TEXT), draw(st.text("abc-", min_size=1, max_size=5))
    own = {"pk": key, "sk": "s", "discriminator": kind, "deleted": None}
    action = {"new": "created", "old": "deleted"}[next(iter(raw))] if len(raw) == 1 else "updated"
    return Event(
        id=draw(NAMES),
        type=f"{kind}-{action}",
        timestamp=draw(MOMENTS),
        partitionKey=key,
        tags={"region": draw(NAMES)},
        raw={name: {**image, **own} for name, image in raw.items()},
    )


def read(raw, **options):
    return only(from_dynamodb(to_dynamodb_records([{"raw": raw}]), **options))


@few
@given(st.lists(changes(), max_size=3))
def test_what_was_changed_is_what_is_read(changed):
    assert events(from_dynamodb(to_dynamodb_records(changed))) == changed


def test_the_records_of_the_documentation_are_read():
    new, changed = (
        {"Message": "New item!", "Id": 101},
        {"Message": "This item has changed", "Id": 101},
    )
    found = events(from_dynamodb(DYNAMODB, images=MESSAGES))
    assert [(event.id, event.type, event.raw) for event in found] == [
        ("1", "message-created", {"new": new}),
        ("2", "message-updated", {"new": changed, "old": new}),
        ("3", "message-deleted", {"old": changed}),
    ]
    assert {event.timestamp for event in found} == {1479499740000}
    assert {event.partition_key for event in found} == {"101"}
    assert found[0].tags == {"region": "us-west-2"}


def test_the_sequence_number_and_the_stream_are_kept():
    place = next(from_dynamodb(DYNAMODB, images=MESSAGES)).place
    assert place == Place("1", "111", "111", DYNAMODB["Records"][0]["eventSourceARN"])


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"new": ITEM}, "thing-created"),
        ({"new": ITEM, "old": ITEM}, "thing-updated"),
        ({"old": ITEM}, "thing-deleted"),
        ({"new": {**ITEM, "deleted": True}, "old": ITEM}, "thing-deleted"),
        ({"new": {**ITEM, "deleted": True}}, "thing-deleted"),
        ({"new": ITEM, "old": {**ITEM, "deleted": True}}, "thing-undeleted"),
        ({"new": {**ITEM, "deleted": False}, "old": {**ITEM, "deleted": True}}, "thing-undeleted"),
        ({"new": {**ITEM, "deleted": False}, "old": ITEM}, "thing-updated"),
        ({"old": {**ITEM, "deleted": True}}, "thing-deleted"),
        ({"new": {**ITEM, "deleted": "yes"}, "old": ITEM}, "thing-updated"),
        ({"new": {"pk": "1", "sk": "Other"}}, "other-created"),
    ],
)
def test_created_updated_deleted_and_undeleted_come_from_the_images(raw, kind):
    assert read(raw).event.type == kind


def test_the_kind_and_the_deletion_can_have_other_names():
    images = Images(discriminator="kind", deleted="gone")
    item = {**KEY, "kind": "order", "gone": True}
    assert read({"new": item, "old": item}, images=images).event.type == "order-deleted"


def test_an_item_that_does_not_tell_its_kind_is_undecodable():
    records = to_dynamodb_records([{"raw": {"new": {"pk": "1", "sk": 5}}}])
    outcome = fault(from_dynamodb(records))
    assert "tells its kind by a text in `discriminator` or `sk`" in outcome.reason
    assert outcome.place.item == "100000000000000000000"


def test_keys_alone_tell_what_happened():
    records = to_dynamodb_records([{"raw": {"new": ITEM}}])
    del records["Records"][0]["dynamodb"]["NewImage"]
    event = only(from_dynamodb(records)).event
    assert (event.type, event.partition_key, event.raw) == ("thing-created", "1", {})


def test_ttl_removals_are_ignored_on_request():
    ignoring = Images(pk="Id", entity="message", expired=False)
    assert only(from_dynamodb(EXPIRED, images=MESSAGES)).event.type == "message-deleted"
    outcome = only(from_dynamodb(EXPIRED, images=ignoring))
    assert isinstance(outcome, Ignored)
    assert (outcome.reason, outcome.place.item) == (Reason.EXPIRED, "444")


def test_removals_by_somebody_are_not_ttl_removals():
    images = Images(pk="Id", entity="message", expired=False)
    assert len(events(from_dynamodb(DYNAMODB, images=images))) == 3


@pytest.mark.parametrize("name", ["awsregion", "aws:rep:updateregion"])
@pytest.mark.parametrize(
    ("new", "old", "is_ignored"),
    [
        ("here", None, False),
        ("there", None, True),
        ("there", "here", True),
        ("here", "there", False),
        (None, "there", True),
        (None, "here", False),
        ("here", "nowhere", True),
        ("nowhere", "nowhere", False),
    ],
)
def test_replica_writes_are_ignored_on_request(name, new, old, is_ignored):
    written = {"here": {**ITEM, name: "eu-west-1"}, "there": {**ITEM, name: "us-east-1"}}
    written |= {"nowhere": ITEM}
    raw = {side: written[where] for side, where in (("new", new), ("old", old)) if where}
    assert not isinstance(read(raw), Ignored)
    assert isinstance(read(raw, images=Images(region="eu-west-1")), Ignored) is is_ignored


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("NewImage", {"sk": {"S": "thing"}, "a": {"Q": "1"}}, "a type that DynamoDB does not know"),
        ("NewImage", {"sk": {"S": "thing"}, "a": {"N": "one"}}, "it cannot be read: ValueError"),
        ("NewImage", [], "of another kind than its source writes"),
        ("Keys", {}, "it lacks `pk`"),
        ("Keys", {"pk": {"BOOL": True}}, "a key must be a text, a number or binary"),
        ("ApproximateCreationDateTime", "now", "a time must be in seconds since 1970"),
        ("ApproximateCreationDateTime", -1, "a time must be in seconds since 1970"),
        ("SequenceNumber", 5, "`SequenceNumber` and `eventID` must be texts"),
    ],
)
def test_a_record_that_dynamodb_does_not_write_says_why(name, value, reason):
    records = to_dynamodb_records([{"raw": {"new": ITEM}}])
    records["Records"][0]["dynamodb"][name] = value
    outcome = fault(from_dynamodb(records))
    assert reason in outcome.reason
