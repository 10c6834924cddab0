"""SQS and SNS as sources, and SNS behind SQS."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.sns import (
    from_sns,
    from_sqs_sns,
    to_sns_records,
    to_sqs_sns_records,
)
from cdk_streamer_runtime.streams.sources.sqs import from_sqs, to_sqs_records
from tests.runtime.streams.documented import FIFO, SNS, SQS, in_sns, in_sqs, in_sqs_sns
from tests.runtime.streams.records import EVENTS, events, fault, few, only

MESSAGE = "059f36b4-87a3-44ab-83d2-661975830a7d"
NOTIFICATION = "95df01b4-ee98-5cb9-9903-4c221d41eb5e"
SAID = 1546433107000  # 2019-01-02T12:45:07Z


@pytest.mark.parametrize(
    ("read", "put"),
    [(from_sqs, to_sqs_records), (from_sns, to_sns_records), (from_sqs_sns, to_sqs_sns_records)],
)
@few
@given(sent=st.lists(EVENTS, max_size=3))
def test_what_was_sent_is_what_is_read(read, put, sent):
    assert events(read(put(sent))) == sent


@pytest.mark.parametrize(
    ("read", "records", "name"), [(from_sqs, SQS, MESSAGE), (from_sns, SNS, NOTIFICATION)]
)
def test_the_record_of_the_documentation_holds_no_event(read, records, name):
    outcome = fault(read(records))
    assert outcome.reason.startswith("it is no JSON: Expecting value")
    assert outcome.id == name


def test_what_an_event_does_not_say_the_message_says():
    records = {"Records": [{**SQS["Records"][0], "body": '{"type": "t"}'}]}
    uow = only(from_sqs(records))
    assert uow.event == {
        "id": MESSAGE,
        "type": "t",
        "timestamp": 1545082649183,
        "partitionKey": MESSAGE,
    }
    assert uow.place == Place(MESSAGE, MESSAGE, None, None)


def test_a_message_of_a_group_is_in_order_within_it():
    records = {"Records": [{**FIFO["Records"][0], "body": '{"type": "t"}'}]}
    uow = only(from_sqs(records))
    name = FIFO["Records"][0]["messageId"]
    assert uow.place == Place(name, name, "18849496460467696128", "1")
    assert uow.event.partition_key == "1"


@pytest.mark.parametrize(
    ("read", "records", "item"),
    [
        (from_sns, in_sns({"type": "t"}), None),
        (from_sqs_sns, in_sqs_sns({"type": "t"}), "message-0"),
    ],
)
def test_what_an_event_does_not_say_the_notification_says(read, records, item):
    uow = only(read(records))
    assert uow.event == {
        "id": NOTIFICATION,
        "type": "t",
        "timestamp": SAID,
        "partitionKey": NOTIFICATION,
    }
    assert uow.place.item == item


def test_a_notification_that_was_delivered_raw_is_told_apart():
    outcome = fault(from_sqs_sns(in_sqs({"type": "t", "id": "one"})))
    assert outcome.reason == "it is no notification of SNS; was it delivered raw?"
    assert outcome.place.item == "message-0"


def test_one_bad_message_leaves_the_others():
    records = in_sqs({"type": "a"}, "no event", {"type": "b"})
    first, bad, last = from_sqs(records)
    assert [event.type for event in events([first, last])] == ["a", "b"]
    assert isinstance(bad, Undecodable)
    assert (bad.reason, bad.id) == ("an event is a JSON object, not a text", "message-1")


def test_each_layer_is_read_by_the_given_decoder():
    read = []

    def decode(text):
        read.append(text)
        return json.loads(text)

    only(from_sqs_sns(in_sqs_sns({"type": "t"}), decode=decode))
    assert len(read) == 2
