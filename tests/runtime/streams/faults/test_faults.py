"""Faults: one for each record and error, with the record, published before anybody answers."""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.faults.fault import FAULT_BYTES
from cdk_streamer_runtime.streams.faults.reporter import FaultReporter
from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.place import NOWHERE, Place
from cdk_streamer_runtime.streams.sources.dynamodb import from_dynamodb
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from cdk_streamer_runtime.streams.sources.eventbridge import (
    from_eventbridge,
    from_sqs_eventbridge,
    to_eventbridge_event,
    to_sqs_eventbridge_records,
)
from cdk_streamer_runtime.streams.sources.kinesis import to_kinesis_records
from cdk_streamer_runtime.streams.sources.s3 import from_sqs_s3
from cdk_streamer_runtime.streams.sources.sns import from_sns, to_sns_records
from cdk_streamer_runtime.streams.sources.sqs import to_messages, to_sqs_records
from cdk_streamer_runtime.streams.uow import merged, unit_of_work
from tests.runtime.streams.faults.failures import (
    FUNCTION,
    NOW,
    a_unit,
    an_event,
    failed,
    only,
    raised,
    report,
    units,
)
from tests.runtime.streams.surroundings import BUS, CLAIMS, TAGS, Named, Surroundings

THROTTLED = aws_error("ThrottlingException", "", 400, "PutEvents")


@pytest.fixture
def here() -> Surroundings:
    return Surroundings()


def reported(*failures):
    reporter = FaultReporter(function=FUNCTION)
    for failure in failures:
        reporter.add(failure)
    return reporter


# --- what a fault is ------------------------------------------------------------------------------


def test_a_fault_has_its_record_its_error_and_whom_it_hit(here):
    unit = a_unit().extend(update_request={"Key": {"pk": "1"}})
    error = raised(KeyError("total"))
    fault = only(report(failed(unit, error, step="map"), here=here))
    assert (fault["type"], fault["timestamp"]) == ("fault", here.platform.now)
    assert fault["record"] == unit.record
    assert fault["err"]["name"] == "KeyError"
    assert fault["err"]["message"] == "'total'"
    assert " in raised" in fault["err"]["stack"][-1]
    assert fault["pipelines"] == ["m1"]
    assert fault["hits"] == [{"pipeline": "m1", "step": "map", "message": "'total'"}]
    assert fault["uow"] == {"event": dict(unit.event), "update_request": {"Key": {"pk": "1"}}}
    assert fault["function"] == FUNCTION
    assert fault["source"] == "arn:aws:kinesis:us-east-1:123456789012:stream/events"
    assert fault["tags"] == TAGS
    assert fault["partitionKey"] == "key-0"


def test_a_fault_goes_onto_the_processors_bus_as_an_event_like_any_other(here):
    report(failed(a_unit()), here=here)
    (entry,) = here.aws.published
    assert entry.keys() == {"EventBusName", "Source", "DetailType", "Detail"}
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (BUS, "orders", "fault")


def test_one_bad_event_in_ten_rules_is_one_fault_that_names_them(here):
    unit = a_unit()
    rules = [f"rule-{number}" for number in range(10)]
    fault = only(report(*(failed(unit, pipeline=rule) for rule in rules), here=here))
    assert fault["pipelines"] == rules
    assert [hit["pipeline"] for hit in fault["hits"]] == rules
    assert here.meter.counts["Faults"] == 1


def test_the_log_tells_how_many_of_which_errors_and_nothing_of_the_records(here, caplog):
    first, second = units(an_event(1), an_event(2))
    with caplog.at_level("WARNING"):
        report(failed(first), failed(second), failed(second, TypeError("secret")), here=here)
    (line,) = caplog.records
    assert (line.getMessage(), line.errors) == (
        "records became faults",
        {"KeyError": 2, "TypeError": 1},
    )
    assert "secret" not in str(vars(line))


def test_two_kinds_of_error_are_two_faults_of_the_record():
    unit = a_unit()
    faults = report(failed(unit), failed(unit, TypeError("no")), failed(unit, KeyError("other")))
    assert [fault["err"]["name"] for fault in faults] == ["KeyError", "TypeError"]
    assert [hit["message"] for hit in faults[0]["hits"]] == ["'total'"]


def test_errors_of_a_service_differ_by_their_code():
    unit = a_unit()
    first = aws_error("ValidationException", "bad", 400, "PutItem")
    second = aws_error("ItemTooLarge", "bad", 400, "PutItem")
    faults = report(failed(unit, first), failed(unit, second))
    assert [fault["err"]["name"] for fault in faults] == ["ValidationException", "ItemTooLarge"]


def test_the_same_record_and_error_have_the_same_id_whenever_they_come_again():
    ids = {
        only(report(failed(a_unit(), ValueError(f"at {number}"), pipeline=f"m{number}")))["id"]
        for number in range(5)
    }
    assert len(ids) == 1


def test_other_records_and_other_streams_have_other_ids():
    first, second = units(an_event(1), an_event(2))
    elsewhere = unit_of_work(
        {**first.record, "eventSourceARN": "arn:aws:kinesis:::stream/other"},
        first.event,
        first.place,
    )
    faults = report(failed(first), failed(second), failed(elsewhere))
    assert len({fault["id"] for fault in faults}) == 3


def test_two_functions_that_read_the_same_stream_make_faults_of_their_own(here):
    for name in ("listener", "trigger"):
        reporter = FaultReporter(function=name)
        reporter.add(failed(a_unit()))
        reporter.publish(here.world)
    assert len({fault["id"] for fault in here.aws.faults}) == 2


def test_a_record_that_nobody_could_read_is_a_fault_of_no_pipeline():
    record = {"body": "{", "messageId": "m-1", "eventSource": "aws:sqs"}
    of = Undecodable(
        record=record, place=Place("m-1", "m-1", None, None), reason="it is no JSON", error="Bad"
    )
    fault = only(report(Failure(of=of, error=None)))
    assert (fault["pipelines"], fault["uow"]) == ([], {})
    assert (fault["err"]["name"], fault["err"]["message"]) == ("Bad", "it is no JSON")
    assert fault["record"] == record


def test_an_event_of_a_batch_has_a_fault_of_its_own_without_the_others():
    first, second = units(an_event(1), an_event(2))
    batch = merged([first, second.extend(own="mine")], publish_request={"many": 2})
    faults = report(failed(batch))
    assert [fault["record"] for fault in faults] == [first.record, second.record]
    assert [fault["uow"]["event"]["id"] for fault in faults] == ["event-1", "event-2"]
    assert faults[1]["uow"].keys() == {"event", "own", "publish_request"}


def test_a_failure_within_a_batch_shows_the_request_of_the_batch():
    first, second = units(an_event(1), an_event(2))
    batch = merged([first, second], publish_request={"many": 2})
    fault = only(report(failed(first, within=batch)))
    assert fault["uow"].keys() == {"event", "publish_request"}


def test_the_raw_form_is_in_the_record_and_nowhere_else():
    change = {"timestamp": NOW, "raw": {"new": {"pk": "1", "sk": "thing", "discriminator": "t"}}}
    (unit,) = from_dynamodb(to_dynamodb_records([change]))
    fault = only(report(failed(unit)))
    assert "raw" not in fault["uow"]["event"]
    assert fault["record"]["dynamodb"]["NewImage"]["pk"] == {"S": "1"}


# --- what must not be in it -----------------------------------------------------------------------


class Client:
    """Holds what nobody may see."""

    def __init__(self) -> None:
        self.key = "AKIAIOSFODNN7EXAMPLE"

    def __repr__(self) -> str:
        return f"<Client {self.key}>"


def test_a_client_is_told_by_its_class_alone():
    unit = a_unit().extend(client=Client(), call=Client().__repr__, module=os, environ=os.environ)
    fault = only(report(failed(unit)))
    assert fault["uow"]["client"] == "<Client>"
    assert "AKIA" not in json.dumps(fault)
    assert fault["uow"]["module"] == "<module>"


def test_credentials_in_the_text_of_an_error_are_redacted_always():
    url = (
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F1"
        "&X-Amz-Security-Token=FwoGZXIvYXdzE&X-Amz-Signature=0123456789abcdef"
    )
    text = f"403 for {url} with Authorization: Bearer eyJhbGciOi.J9.x and AKIAIOSFODNN7EXAMPLE"
    message = only(report(failed(a_unit(), RuntimeError(text))))["err"]["message"]
    found = ("AKIA", "ASIA", "FwoG", "0123456789abcdef", "eyJh")
    assert [each for each in found if each in message] == []
    assert message.startswith("403 for https://b.s3.amazonaws.com/k?X-Amz-Credential=[redacted]")


def test_values_that_json_lacks_are_shown_plainly_and_bounded():
    cycle: dict[str, object] = {}
    cycle["again"] = cycle
    unit = a_unit().extend(
        amount=Decimal("1.50"),
        when=datetime(2026, 1, 1, tzinfo=UTC),
        data=b"12345",
        odd=math.nan,
        huge=10**5000,
        large=2**63,
        keys={1: "one"},
        names={"b", "a"} & {"a"},
        text="x" * 10_000,
        many=list(range(1_000)),
        cycle=cycle,
        other=a_unit(),
    )
    uow = only(report(failed(unit)))["uow"]
    assert uow["amount"] == "1.50"
    assert uow["when"] == "2026-01-01T00:00:00+00:00"
    assert uow["data"] == "<5 bytes>"
    assert uow["odd"] == "nan"
    assert uow["huge"] == "<a number of 16610 bits>"
    assert uow["large"] == "9223372036854775808"
    assert uow["keys"] == {"<int>": "one"}
    assert uow["names"] == ["a"]
    assert uow["text"].endswith("<7952 more>")
    assert (len(uow["many"]), uow["many"][-1]) == (101, "<900 more>")
    assert uow["other"] == "<UnitOfWork>"


def test_a_scope_of_any_size_is_a_small_part_of_a_fault():
    scope = {f"name_{number}": {"text": "x" * 3_000} for number in range(1_000)}
    fault = only(report(failed(a_unit().extend(**scope))))
    assert len(json.dumps(fault["uow"])) < 64 * 1024
    assert "<left out>" in fault["uow"]


class Mute(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def test_an_error_without_a_text_is_told_all_the_same():
    err = only(report(failed(a_unit(), Mute())))["err"]
    assert (err["name"], err["message"]) == ("Mute", "<its text cannot be had>")


def test_a_long_text_and_a_deep_stack_are_cut():
    def deep(levels: int) -> None:
        if levels:
            deep(levels - 1)
        raise ValueError("x" * 10_000)

    with pytest.raises(ValueError, match="x") as caught:
        deep(50)
    err = only(report(failed(a_unit(), caught.value)))["err"]
    assert err["message"].endswith("<8000 more>")
    assert len(err["stack"]) == 12


def test_the_causes_of_an_error_are_told_the_nearest_first():
    error = raised(RuntimeError("no order"))
    error.__cause__ = raised(ValueError("no total"))
    error.__cause__.__context__ = KeyError("total")
    error.__cause__.__context__.__context__ = error
    err = only(report(failed(a_unit(), error)))["err"]
    assert err["causes"] == ["ValueError: no total", "KeyError: 'total'"]


def test_a_cause_that_was_taken_out_is_not_told():
    error = raised(RuntimeError("no order"))
    error.__context__ = KeyError("total")
    error.__suppress_context__ = True
    assert only(report(failed(a_unit(), error)))["err"]["causes"] == []


# --- size -----------------------------------------------------------------------------------------


def test_a_record_that_is_too_large_waits_in_the_bucket_as_it_was(here):
    unit = a_unit(thing="x" * 400_000)
    fault = only(report(failed(unit), here=here))
    claim = fault["original"]["claimCheck"]
    assert here.aws.stored() == {f"/{CLAIMS}/{claim['key']}": unit.record}
    assert fault["omitted"] == ["record"]
    assert fault["record"]["kinesis"] == {
        "sequenceNumber": unit.record["kinesis"]["sequenceNumber"]
    }
    assert len(here.aws.published[0]["Detail"]) < FAULT_BYTES


def test_without_a_bucket_a_fault_tells_where_its_record_stands():
    unit = a_unit(thing="x" * 400_000)
    fault = only(report(failed(unit), here=Surroundings(bucket=False)))
    assert "original" not in fault
    assert fault["omitted"] == ["record"]
    assert fault["record"]["eventID"] == unit.record["eventID"]


def test_the_record_is_in_the_bucket_before_the_fault_is_on_the_bus(here):
    report(failed(a_unit(thing="x" * 400_000)), here=here)
    assert here.aws.asked == ["PUT s3", "PutEvents"]


def test_a_record_that_cannot_be_kept_comes_again(here):
    here.aws.broken["PUT s3"] = aws_error("SlowDown", "", 503, "PUT s3")
    failure = failed(a_unit(thing="x" * 400_000))
    assert reported(failure).publish(here.world) == [failure]
    assert here.aws.published == []


ODD_RECORDS = {
    "no object": "text",
    "nothing": None,
    "no number": {"eventSource": "aws:sqs", "body": math.inf},
    "half a pair": {"eventSource": "aws:sqs", "body": "\ud800"},
    "an object": {"eventSource": "aws:sqs", "body": object()},
}


@pytest.mark.parametrize("record", ODD_RECORDS.values(), ids=ODD_RECORDS.keys())
def test_a_record_of_any_kind_makes_a_fault(record):
    of = Undecodable(record=record, place=NOWHERE, reason="it is odd", error="Odd")
    assert only(report(failed(of)))["id"]


def test_a_record_that_is_deeper_than_json_goes_makes_a_fault():
    record: object = "bottom"
    for _ in range(sys.getrecursionlimit() * 3):
        record = [record]
    of = Undecodable(record={"deep": record}, place=NOWHERE, reason="deep", error="Deep")
    assert only(report(failed(of), redact=("name",)))["err"]["name"] == "KeyError"


# --- publishing -----------------------------------------------------------------------------------


def test_what_is_not_published_is_given_back_and_never_carried_on(here):
    # The peer keeps faults in a global of its module: the next clean invocation publishes them.
    here.aws.refusals = [THROTTLED]
    failure = failed(a_unit())
    assert reported(failure).publish(here.world) == [failure]
    reporter = FaultReporter()
    assert reporter.publish(here.world) == []
    assert here.aws.published == []
    assert here.meter.counts["Faults"] == 0


def test_publishing_twice_publishes_once(here):
    reporter = reported(failed(a_unit()))
    assert (reporter.publish(here.world), reporter.publish(here.world)) == ([], [])
    assert len(here.aws.published) == 1


def test_only_entries_that_the_bus_refused_are_sent_again(here):
    failures = [failed(unit) for unit in units(*map(an_event, range(3)))]
    here.aws.refusals = [[None, "InternalFailure", None]]
    assert reported(*failures).publish(here.world) == []
    ids = [fault["record"]["eventID"] for fault in here.aws.faults]
    assert len(ids) == len(set(ids)) == 3
    assert here.platform.now > NOW


def test_an_entry_that_is_refused_for_ever_is_given_back_alone(here):
    failures = [failed(unit) for unit in units(*map(an_event, range(3)))]
    here.aws.refusals = [[None, "InternalFailure", None], *[["InternalFailure"]] * 9]
    assert reported(*failures).publish(here.world) == [failures[1]]
    assert here.meter.counts["Faults"] == 2


def test_after_the_deadline_an_entry_is_not_sent_again(here):
    here.platform.now = here.world.deadline
    here.aws.refusals = [["InternalFailure"]]
    failure = failed(a_unit())
    assert reported(failure).publish(here.world) == [failure]
    assert here.aws.asked == ["PutEvents"]


def test_all_pipelines_of_a_fault_that_is_not_published_are_given_back(here):
    unit = a_unit()
    failures = [failed(unit, pipeline=name) for name in ("m1", "c1")]
    here.aws.refusals = [THROTTLED]
    assert reported(*failures).publish(here.world) == failures


def test_a_batch_that_failed_is_given_back_once(here):
    batch = failed(merged(units(*map(an_event, range(30)))))
    here.aws.refusals = [THROTTLED] * 3
    assert reported(batch).publish(here.world) == [batch]


def test_a_thousand_faults_take_a_hundred_requests(here):
    report(*(failed(unit) for unit in units(*map(an_event, range(1_000)))), here=here)
    assert here.aws.asked == ["PutEvents"] * 100
    assert len({fault["id"] for fault in here.aws.faults}) == 1_000


@pytest.mark.parametrize("key", ["k" * 300_000, "\0" * 50_000, "\ud800" * 90_000])
def test_a_partition_key_of_any_length_keeps_no_fault_from_the_bus(key):
    fault = only(report(failed(a_unit(partitionKey=key))))
    assert len(fault["partitionKey"]) == 32


def test_a_fault_of_many_pipelines_with_long_texts_is_published():
    unit = a_unit(note="n" * 300_000)
    error = ValueError("\0" * 3_000)
    fault = only(report(*[failed(unit, error, pipeline=f"m{n}") for n in range(40)]))
    assert (len(fault["pipelines"]), fault["omitted"]) == (40, ["record", "uow"])


def test_what_cannot_be_looked_into_is_told_by_its_class():
    class Odd(dict):
        def items(self):
            raise RuntimeError("not for you")

    fault = only(report(failed(a_unit().extend(odd=Odd(a=1), other=1))))
    assert fault["uow"]["odd"].endswith("Odd>")
    assert fault["uow"]["other"] == 1


def test_large_faults_share_no_request_that_the_bus_would_refuse(here):
    large = [an_event(number, thing="x" * 100_000) for number in range(5)]
    report(*map(failed, units(*large)), here=here)
    assert here.aws.asked == ["PutEvents"] * 5


def test_a_processor_without_a_bus_says_what_is_missing(here):
    world = replace(here.world, resources=Named())
    with pytest.raises(ValueError, match="add it to the construct's resources"):
        reported(failed(a_unit())).publish(world)


# --- faults of faults -----------------------------------------------------------------------------

FAULT = {
    "id": "f",
    "type": "fault",
    "timestamp": NOW,
    "partitionKey": "k",
    "tags": {},
    "err": {"name": "KeyError"},
}
CARRIERS = {
    "a rule": lambda: list(from_eventbridge(to_eventbridge_event(FAULT))),
    "a rule and a queue": lambda: list(from_sqs_eventbridge(to_sqs_eventbridge_records([FAULT]))),
    "a topic": lambda: list(from_sns(to_sns_records([FAULT]))),
    "a stream": lambda: units(FAULT),  # pyright: ignore[reportArgumentType] - then it fails
}


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_a_fault_that_cannot_be_handled_makes_no_other_fault(here, carrier):
    (unit,) = carrier()
    failure = failed(unit)
    assert reported(failure).publish(here.world) == [failure]
    changed = failed(unit.extend(event=an_event()))
    assert reported(changed).publish(here.world) == [changed]
    assert here.aws.published == []


UNREADABLE = {
    "a rule": to_eventbridge_event({**FAULT, "id": 7}),
    "a queue": to_sqs_eventbridge_records([{**FAULT, "partitionKey": 7}])["Records"][0],
    "a queue of events": to_sqs_records([{**FAULT, "id": 7}])["Records"][0],
    "a stream": to_kinesis_records([{**FAULT, "id": ""}])["Records"][0],
    "a topic": to_sns_records([{**FAULT, "id": None}])["Records"][0],
}


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_fault_that_cannot_even_be_read_makes_no_other_fault(here, record):
    of = Undecodable(record=record, place=NOWHERE, reason="bad", error="Malformed")
    failure = failed(of)
    assert reported(failure).publish(here.world) == [failure]
    assert here.aws.published == []


def test_a_fault_does_not_keep_other_failures_from_being_faults(here):
    bad, good = failed(units(FAULT)[0]), failed(a_unit())  # pyright: ignore[reportArgumentType] - then it fails
    assert reported(bad, good).publish(here.world) == [bad]
    assert len(here.aws.published) == 1


def test_records_within_one_message_have_faults_of_their_own():
    notification = {
        "Records": [
            {
                "eventName": "ObjectCreated:Put",
                "eventTime": "2026-01-01T00:00:00.000Z",
                "awsRegion": "us-east-1",
                "s3": {"bucket": {"name": "b"}, "object": {"key": key, "sequencer": "1"}},
            }
            for key in ("one", "two")
        ]
    }
    found = list(from_sqs_s3(to_messages([json.dumps(notification)])))
    faults = report(*map(failed, found))
    assert len({fault["id"] for fault in faults}) == 2
    assert faults[0]["record"] == faults[1]["record"]


def test_the_service_errors_that_reach_a_fault_show_no_values():
    error = AwsError("ValidationException", "...", 400, "PutItem")
    assert only(report(failed(a_unit(), error)))["err"]["message"] == (
        "PutItem failed with ValidationException (400): ..."
    )
