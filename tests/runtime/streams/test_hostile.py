"""Whatever comes: one outcome for each record, none of them an exception, and none lost."""

from __future__ import annotations

import copy
import json
from base64 import b64encode

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.outcome import Ignored, Undecodable
from cdk_streamer_runtime.streams.sources.alarms import (
    from_alarm,
    from_sns_alarm,
    to_alarm_event,
    to_sns_alarm_records,
)
from cdk_streamer_runtime.streams.sources.cron import from_cron, to_cron_event
from cdk_streamer_runtime.streams.sources.dynamodb import Images, from_dynamodb
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from cdk_streamer_runtime.streams.sources.eventbridge import (
    from_eventbridge,
    from_sqs_eventbridge,
    to_eventbridge_event,
    to_sqs_eventbridge_records,
)
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
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
from cdk_streamer_runtime.streams.sources.sns import (
    from_sns,
    from_sqs_sns,
    to_sns_records,
    to_sqs_sns_records,
)
from cdk_streamer_runtime.streams.sources.sqs import from_sqs, to_messages, to_sqs_records
from cdk_streamer_runtime.streams.uow import UnitOfWork
from tests.runtime.streams.records import JSON, fault, few, only

EVENT = {
    "id": "one",
    "type": "thing-created",
    "timestamp": 1_700_000_000_000,
    "partitionKey": "thing-1",
    "raw": {"new": {"pk": "1", "sk": "thing"}, "old": {"pk": "1", "sk": "thing"}},
    "object": {"bucket": "things", "key": "one", "sequencer": "00A1"},
    "alarm": {"name": "high", "arn": "arn:aws:cloudwatch:us-east-1:1:alarm:high", "state": "OK"},
}
IMAGES = Images(expired=False, region="us-east-1")
PAIR = [EVENT, {**EVENT, "id": "two", "object": {**EVENT["object"], "key": "two"}}]
LISTS = {
    "kinesis": (from_kinesis, to_kinesis_records(PAIR)),
    "dynamodb": (from_dynamodb, to_dynamodb_records(PAIR)),
    "dynamodb, ignoring": (
        lambda event: from_dynamodb(event, images=IMAGES),
        to_dynamodb_records(PAIR),
    ),
    "sqs": (from_sqs, to_sqs_records(PAIR)),
    "sns": (from_sns, to_sns_records(PAIR)),
    "sns in sqs": (from_sqs_sns, to_sqs_sns_records(PAIR)),
    "s3": (from_s3, to_s3_records(PAIR)),
    "s3 in sqs": (from_sqs_s3, to_sqs_s3_records(PAIR)),
    "s3 in sns": (from_sns_s3, to_sns_s3_records(PAIR)),
    "s3 in sns in sqs": (from_sqs_sns_s3, to_sqs_sns_s3_records(PAIR)),
    "eventbridge in sqs": (from_sqs_eventbridge, to_sqs_eventbridge_records(PAIR)),
    "alarms in sns": (from_sns_alarm, to_sns_alarm_records(PAIR)),
}
SINGLE = {
    "eventbridge": (from_eventbridge, to_eventbridge_event(EVENT)),
    "cron": (from_cron, to_cron_event(EVENT)),
    "alarm": (from_alarm, to_alarm_event(EVENT)),
}
ALL = {**LISTS, **SINGLE}
each_list = pytest.mark.parametrize("source", LISTS)
each_source = pytest.mark.parametrize("source", ALL)


def outcomes(source, event):
    return list(ALL[source][0](event))


def places(value, here=()):
    """Give the way to each part of the value, the outermost first."""
    yield here
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for name in keys:
        yield from places(value[name], (*here, name))


def with_part(value, way, part):
    """Give the value with another part at the end of the way."""
    if not way:
        return part
    changed = copy.copy(value)
    changed[way[0]] = with_part(changed[way[0]], way[1:], part)
    return changed


@each_source
@few
@given(data=st.data())
def test_each_record_has_one_outcome_whatever_is_wrong_with_it(source, data):
    good = ALL[source][1]
    record = good["Records"][0] if source in LISTS else good
    way = data.draw(st.sampled_from(list(places(record))))
    bad = with_part(record, way, data.draw(JSON))
    event = {"Records": [bad, good["Records"][1]]} if source in LISTS else bad

    found = outcomes(source, event)

    assert {type(each) for each in found} <= {UnitOfWork, Undecodable, Ignored}
    assert len(found) == (2 if source in LISTS else 1)
    assert found[0].record is bad
    assert [each.place for each in found] == [each.place for each in outcomes(source, event)]
    assert isinstance(found[-1], UnitOfWork | Ignored) or source not in LISTS


@each_source
@pytest.mark.parametrize("event", [None, 5, "text", [], {}, {"Records": None}, {"Records": {}}])
def test_what_is_no_event_of_lambda_is_one_record_that_cannot_be_read(source, event):
    outcome = fault(outcomes(source, event))
    assert outcome.record is event
    assert outcome.reason


@each_list
def test_empty_records_have_no_outcome(source):
    assert outcomes(source, {"Records": []}) == []


@each_list
@pytest.mark.parametrize("record", [None, 5, "text", [], {}])
def test_a_record_that_is_none_leaves_the_others(source, record):
    good = ALL[source][1]["Records"]
    first, bad, last = outcomes(source, {"Records": [good[0], record, good[1]]})
    assert isinstance(bad, Undecodable)
    assert not isinstance(first, Undecodable)
    assert not isinstance(last, Undecodable)


@each_source
def test_the_same_records_give_the_same_ids_and_places(source):
    event = ALL[source][1]
    first, again = (outcomes(source, each) for each in (event, copy.deepcopy(event)))
    assert [each.place for each in first] == [each.place for each in again]
    units = [
        (one, two) for one, two in zip(first, again, strict=True) if isinstance(one, UnitOfWork)
    ]
    assert [one.event for one, _ in units] == [two.event for _, two in units]


@each_source
@pytest.mark.parametrize("event", [{"Records": [{"a": [1, 2]}, {"a": [1, 3]}]}])
def test_a_record_that_cannot_be_read_has_the_same_id_each_time(source, event):
    first, again = (outcomes(source, each) for each in (event, copy.deepcopy(event)))
    names = [each.id for each in first]
    assert names == [each.id for each in again]
    assert len(set(names)) == len(names)


@each_list
def test_no_unit_of_work_shares_its_event_with_another(source):
    event = ALL[source][1]
    twice = {"Records": [event["Records"][0]] * 2}
    units = [each for each in outcomes(source, twice) if isinstance(each, UnitOfWork)]
    assert len({id(unit.event) for unit in units}) == len(units)
    assert len({id(unit) for unit in units}) == len(units)


@each_source
def test_reading_leaves_the_records_as_they_were(source):
    event = ALL[source][1]
    before = copy.deepcopy(event)
    outcomes(source, event)
    assert event == before


BOMBS = {
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a deep entity": json.dumps(EVENT)[:-1] + ',"thing":' + "[" * 250 + "]" * 250 + "}",
    "a number of many digits": '{"type": "t", "thing": ' + "9" * 10_000 + "}",
    "a number that is none": '{"type": "t", "thing": NaN}',
    "an infinite number": '{"type": "t", "thing": 1e999}',
    "an infinite timestamp": '{"type": "t", "timestamp": 1e300}',
    "no text": "",
    "half of it": json.dumps(EVENT)[:40],
    "something after it": json.dumps(EVENT) + "}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_record_that_cannot_be_read(name):
    (record,) = copy.deepcopy(to_kinesis_records([EVENT])["Records"])
    record["kinesis"]["data"] = b64encode(BOMBS[name].encode()).decode()
    assert fault(from_kinesis({"Records": [record]})).record is record
    assert fault(from_sqs(to_messages([BOMBS[name]]))).place.item
    assert fault(from_sqs_sns(to_messages([BOMBS[name]]))).place.item


def test_of_a_member_that_is_there_twice_the_last_counts():
    body = '{"type": "a", "id": "1", "type": "b"}'
    assert only(from_sqs(to_messages([body]))).event.type == "b"


def test_what_is_nested_deeper_than_python_writes_has_an_id_nevertheless():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    outcome = fault(from_eventbridge({"detail": deep}))
    assert outcome.id == fault(from_eventbridge({"detail": deep})).id


@few
@given(st.binary(max_size=40))
def test_no_reason_quotes_the_record(secret):
    text = b64encode(secret).decode()
    for body in (text, json.dumps({"type": [text]}), json.dumps({"type": text, "timestamp": text})):
        outcome = fault(from_sqs(to_messages([body])))
        assert len(text) < 4 or text not in outcome.reason
