"""What a sink is written with: refused when it is written wrongly, not when messages come."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, ORIGIN_ATTRIBUTE
from cdk_streamer_runtime.errors import Permanent
from cdk_streamer_runtime.sinks import Sink
from cdk_streamer_runtime.sinks.loader import load_sink
from cdk_streamer_runtime.sinks.record import Message


@pytest.fixture
def sink():
    return Sink()


def test_the_function_stays_what_it_was(sink):
    def deliver(record):
        return record

    assert sink.deliver(deliver) is deliver
    assert sink.functions.one is deliver


def test_a_sink_that_delivers_nothing_is_refused(sink):
    with pytest.raises(ValueError, match=r"write a function under @sink\.deliver"):
        _ = sink.functions


@pytest.mark.parametrize("second", ["deliver", "deliver_batch"])
@pytest.mark.parametrize("first", ["deliver", "deliver_batch"])
def test_a_sink_delivers_by_one_function(sink, first, second):
    getattr(sink, first)(lambda record: record)
    with pytest.raises(ValueError, match="by one function"):
        getattr(sink, second)(lambda record: record)


def test_a_sink_has_one_probe(sink):
    sink.probe(lambda: None)
    with pytest.raises(ValueError, match="one probe"):
        sink.probe(lambda: None)


@pytest.mark.parametrize("role", ["deliver", "deliver_batch"])
@pytest.mark.parametrize("function", [lambda: None, lambda record, other: (record, other)])
def test_a_function_that_cannot_be_called_with_what_comes_is_refused(sink, role, function):
    with pytest.raises(TypeError, match="must be a function of"):
        getattr(sink, role)(function)


def test_a_probe_that_wants_an_argument_is_refused(sink):
    with pytest.raises(TypeError, match="must be a function of no arguments"):
        sink.probe(lambda record: record)


async def asynchronous_generator(record):
    yield record


def generator(record):
    yield record


@pytest.mark.parametrize("role", ["deliver", "deliver_batch"])
@pytest.mark.parametrize("function", [generator, asynchronous_generator])
def test_a_generator_is_refused(sink, role, function):
    with pytest.raises(TypeError, match="leave out yield"):
        getattr(sink, role)(function)


def test_what_is_no_function_is_refused(sink):
    with pytest.raises(TypeError, match="is written over a function, got 7"):
        sink.deliver(7)


def test_a_single_class_that_is_unavailable_is_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"write unavailable=\[KeyError\]"):
        Sink(unavailable=KeyError)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("each", [ValueError("one"), int, "ConnectionError"])
def test_what_is_unavailable_are_classes_of_exceptions(each):
    with pytest.raises(TypeError, match="classes of exceptions"):
        Sink(unavailable=[each])


# --- loading ---


def test_a_sink_is_found_by_its_module():
    assert isinstance(load_sink("tests.runtime.sinks.handlers.sink"), Sink)


def test_a_sink_is_found_by_another_name():
    assert isinstance(load_sink("tests.runtime.sinks.handlers.sink:other"), Sink)


def test_what_is_no_sink_is_refused():
    with pytest.raises(TypeError, match=r"must be a Sink, got str; write `sink = Sink\(\)`"):
        load_sink("tests.runtime.sinks.handlers.sink:word")


# --- records ---


def record(body="{}", attributes=None, **system):
    return Message.of(
        {
            "messageId": "m1",
            "receiptHandle": "r1",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "3",
                "SentTimestamp": "1700000000500",
                **system,
            },
            "messageAttributes": attributes or {},
        }
    ).record


def attribute(value: str) -> dict[str, str]:
    return {"dataType": "String", "stringValue": value}


def test_a_record_is_what_was_sent():
    got = record('{"total": 7}', {"tenant": attribute("acme")}, MessageGroupId="g")
    assert (got.id, got.group, got.attempt, got.data) == ("m1", "g", 3, {"total": 7})
    assert got.sent_at == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)
    assert got.attributes == {"tenant": "acme"}


def test_attributes_are_texts_or_bytes():
    image = {
        "dataType": "Binary.png",
        "binaryValue": base64.b64encode(b"\x00\x01").decode(),
        "stringListValues": [],
    }
    number = {"dataType": "Number", "stringValue": "7"}
    assert record(attributes={"i": image, "n": number}).attributes == {"i": b"\x00\x01", "n": "7"}


@pytest.mark.parametrize(
    ("attributes", "system", "key"),
    [
        ({KEY_ATTRIBUTE: attribute("k")}, {"MessageDeduplicationId": "d"}, "k"),
        ({}, {"MessageDeduplicationId": "d"}, "d"),
        ({ORIGIN_ATTRIBUTE: attribute("m0")}, {}, "m0"),
        ({}, {}, "m1"),
    ],
)
def test_a_record_has_the_key_that_all_its_deliveries_have(attributes, system, key):
    assert record(attributes=attributes, **system).key == key


def test_what_the_library_sends_beside_it_is_not_the_authors():
    told = {KEY_ATTRIBUTE: attribute("k"), ORIGIN_ATTRIBUTE: attribute("m0")}
    assert record(attributes=told).attributes == {}


@pytest.mark.parametrize("body", ["", "no", "NaN", "[" * 100_000])
def test_a_body_that_is_not_json_can_never_be_delivered(body):
    with pytest.raises(Permanent, match="not JSON"):
        _ = record(body).data
