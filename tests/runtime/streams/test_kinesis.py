"""Kinesis as a source."""

from __future__ import annotations

import json
from base64 import b64encode

import msgspec
import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
from tests.runtime.streams.documented import KINESIS
from tests.runtime.streams.records import EVENTS, events, fault, few, only

(DOCUMENTED,) = KINESIS["Records"]
SEQUENCE = "49590338271490256608559692538361571095921575989136588898"


def holding(data):
    return {"Records": [{**DOCUMENTED, "kinesis": {**DOCUMENTED["kinesis"], "data": data}}]}


def saying(document):
    return holding(b64encode(json.dumps(document).encode()).decode())


@few
@given(st.lists(EVENTS, max_size=4))
def test_what_was_put_is_what_is_read(put):
    assert events(from_kinesis(to_kinesis_records(put))) == put


def test_the_record_of_the_documentation_holds_no_event():
    outcome = fault(from_kinesis(KINESIS))
    assert outcome.reason == "it is no JSON: Expecting value at character 0"
    assert outcome.record is DOCUMENTED
    assert outcome.place.item == SEQUENCE


def test_what_an_event_does_not_say_the_record_says():
    event = only(from_kinesis(saying({"type": "thing-created"}))).event
    assert event == {
        "id": f"shardId-000000000006:{SEQUENCE}",
        "type": "thing-created",
        "timestamp": 1545084650987,
        "partitionKey": "1",
    }


def test_the_sequence_number_and_the_shard_are_kept():
    place = only(from_kinesis(saying({"type": "t"}))).place
    assert place == Place(
        f"shardId-000000000006:{SEQUENCE}", SEQUENCE, SEQUENCE, "shardId-000000000006"
    )


def test_another_decoder_can_read():
    asked = []

    def decode(data):
        asked.append(data)
        return {"type": "by-another"}

    assert only(from_kinesis(KINESIS, decode=decode)).event.type == "by-another"
    assert asked == [b"Hello, this is a test."]


def test_a_library_that_the_user_brings_can_read():
    records = saying({"type": "thing-created", "thing": {"price": 1.5}})
    assert events(from_kinesis(records, decode=msgspec.json.decode)) == events(
        from_kinesis(records)
    )
    assert fault(from_kinesis(KINESIS, decode=msgspec.json.decode)).error == "DecodeError"


def test_what_a_decoder_raises_is_the_records_fault():
    def decode(_):
        raise LookupError("secret text of the record")

    outcome = fault(from_kinesis(saying({"type": "t"}), decode=decode))
    assert (outcome.error, outcome.reason) == ("LookupError", "it cannot be read: LookupError")


@pytest.mark.parametrize("cut", range(1, 8))
def test_data_that_was_cut_is_undecodable(cut):
    data = saying({"type": "thing-created", "id": "one"})["Records"][0]["kinesis"]["data"]
    assert fault(from_kinesis(holding(data[:-cut]))).record["kinesis"]["data"] == data[:-cut]


def test_records_are_read_as_they_are_asked_for():
    read = []
    outcomes = from_kinesis(
        to_kinesis_records([{"type": "t"}] * 3),
        decode=lambda data: read.append(data) or {"type": "t"},
    )
    next(outcomes)
    assert len(read) == 1
