"""S3 as a source, straight and through SNS and SQS."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.outcome import Ignored, Reason, Undecodable
from cdk_streamer_runtime.streams.sinks.expressions import lock_of
from cdk_streamer_runtime.streams.sources.s3 import (
    from_s3,
    from_sns_s3,
    from_sqs_s3,
    from_sqs_sns_s3,
    to_s3_records,
    to_sns_s3_records,
    to_sqs_s3_records,
    to_sqs_sns_s3_records,
)
from tests.runtime.streams.documented import S3, S3_TEST, in_sns, in_sqs, in_sqs_sns
from tests.runtime.streams.records import MOMENTS, NAMES, events, fault, few, only

NESTED = [
    (from_sqs_s3, in_sqs, to_sqs_s3_records),
    (from_sns_s3, in_sns, to_sns_s3_records),
    (from_sqs_sns_s3, in_sqs_sns, to_sqs_sns_s3_records),
]
KEY = "b21b84d653bb07b05b1e6b33684dc11b"
(RECORD,) = S3["Records"]
OBJECTS = st.fixed_dictionaries(
    {
        "bucket": NAMES,
        "key": NAMES,
        "event": st.sampled_from(["ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated"]),
    },
    optional={"size": st.integers(0, 2**50), "sequencer": NAMES, "versionId": NAMES},
)
HAPPENED = st.fixed_dictionaries(
    {"timestamp": MOMENTS, "object": OBJECTS, "tags": st.fixed_dictionaries({"region": NAMES})}
)


@few
@given(st.lists(HAPPENED, max_size=3))
def test_what_happened_is_what_is_read(happened):
    found = events(from_s3(to_s3_records(happened)))
    assert [
        {name: event[name] for name in event_ if name in event}
        for event, event_ in zip(found, happened, strict=True)
    ] == happened
    assert events(from_s3(to_s3_records(found))) == found


@pytest.mark.parametrize(("read", "_carry", "put"), NESTED)
@few
@given(happened=st.lists(HAPPENED, max_size=2))
def test_the_way_makes_no_difference(read, _carry, put, happened):
    assert events(read(put(happened))) == events(from_s3(to_s3_records(happened)))


def test_the_record_of_the_documentation_is_read():
    uow = only(from_s3(S3))
    event = dict(uow.event)
    assert len(event.pop("id")) == 32
    assert event == {
        "type": "object-created",
        "timestamp": 1567539447192,
        "partitionKey": f"amzn-s3-demo-bucket/{KEY}",
        "tags": {"region": "us-east-2"},
        "object": {
            "bucket": "amzn-s3-demo-bucket",
            "key": KEY,
            "event": "ObjectCreated:Put",
            "size": 1305107,
            "eTag": KEY,
            "sequencer": "0C0F6F405D6ED209E1",
        },
    }
    assert (uow.place.item, uow.place.sequence) == (
        None,
        "0C0F6F405D6ED209E100000000000000",
    )
    assert uow.place.group == f"amzn-s3-demo-bucket/{KEY}"


def with_object(**members):
    record = copy.deepcopy(RECORD)
    record["s3"]["object"].update(members)
    return record


def test_sequences_of_an_object_are_compared_from_their_left():
    records = [with_object(sequencer="0055AED6DCD90281E5"), with_object(sequencer="0055AED6DCD903")]
    first, second = (lock_of(uow)["sequence"] for uow in from_s3({"Records": records}))  # pyright: ignore[reportArgumentType] - then it fails
    assert first < second


def test_a_key_is_read_as_it_was_before_s3_wrote_it_down():
    record = copy.deepcopy(RECORD)
    record["s3"]["object"]["key"] = "red+flower%2B%C3%A4.jpg"
    assert only(from_s3({"Records": [record]})).event["object"]["key"] == "red flower+ä.jpg"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ObjectCreated:CompleteMultipartUpload", "object-created"),
        ("ObjectRemoved:Delete", "object-removed"),
        ("ReducedRedundancyLostObject", "reduced-redundancy-lost-object"),
        ("LifecycleExpiration:Delete", "lifecycle-expiration"),
    ],
)
def test_the_type_is_the_name_without_its_cause(name, kind):
    assert only(from_s3({"Records": [{**RECORD, "eventName": name}]})).event.type == kind


def test_each_happening_has_an_id_of_its_own():
    records = [RECORD, with_object(key="other"), with_object(sequencer="1"), RECORD]
    names = [event.id for event in events(from_s3({"Records": records}))]
    assert len(set(names)) == 3
    assert names[0] == names[3]


@pytest.mark.parametrize(("read", "carry", "_put"), NESTED)
def test_that_s3_tries_whether_it_arrives_is_ignored(read, carry, _put):
    outcome = only(read(carry(S3_TEST)))
    assert isinstance(outcome, Ignored)
    assert outcome.reason == Reason.TEST


@pytest.mark.parametrize(("read", "carry", "_put"), NESTED)
def test_a_notification_of_nothing_is_not_lost(read, carry, _put):
    outcome = only(read(carry({"Records": []})))
    assert isinstance(outcome, Ignored)
    assert outcome.reason == Reason.EMPTY


@pytest.mark.parametrize(("read", "carry", "_put"), NESTED)
@pytest.mark.parametrize("notification", [None, [], "text", {}, {"Records": {}}, {"Records": None}])
def test_what_is_no_notification_is_undecodable(read, carry, _put, notification):
    assert fault(read(carry(notification))).id


def test_all_objects_of_a_message_share_its_place_in_the_answer():
    outcomes = list(from_sqs_s3(in_sqs({"Records": [RECORD, {"s3": 5}, RECORD]}, S3)))
    items = ["message-0", "message-0", "message-0", "message-1"]
    assert [outcome.place.item for outcome in outcomes] == items
    assert isinstance(outcomes[1], Undecodable)
    assert outcomes[1].id == "message-0/1"
