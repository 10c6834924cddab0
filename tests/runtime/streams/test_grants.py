"""What steps call is what the manifest says: the function's grants are made of that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cdk_streamer_runtime.streams import StreamApp, rules
from cdk_streamer_runtime.streams.pipelines.stream import Stream
from cdk_streamer_runtime.streams.rules.rule import Rule
from cdk_streamer_runtime.streams.sinks.expressions import update_expression
from cdk_streamer_runtime.streams.sources.sqs import to_sqs_records
from cdk_streamer_runtime.testing import MemoryProcessor
from tests.runtime.streams.grants import Right, granted, rights_of

CLAIM = {("s3:PutObject", "claims")}
KEY = {"pk": "thing-1", "sk": "thing"}
ITEM = {**KEY, "n": 1}
LARGE = "x" * 1_100_000
FILE = {"Key": "k", "Body": "x"}
SCHEDULE = {"ScheduleExpression": "at(2030-01-01T00:00:00)", "Target": {"Arn": "a", "RoleArn": "r"}}
ABSENT = "attribute_not_exists(pk)"
WRITES = {
    "TransactItems": [
        {"Put": {"Item": ITEM}},
        {"Update": {"Key": {**KEY, "sk": "u"}, **update_expression({"n": 1})}},
        {"Delete": {"Key": {**KEY, "sk": "d"}}},
        {"ConditionCheck": {"Key": {**KEY, "sk": "c"}, "ConditionExpression": ABSENT}},
    ]
}
QUERY = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": "thing-1"}}


def event(number: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "type": "thing-created",
        "timestamp": 1_700_000_000_000 + number,
        "partitionKey": "thing-1",
        **members,
    }


def always(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def emitted(_: Any) -> dict[str, Any]:
    return {"type": "thing-told", "note": LARGE}


PIPELINES: dict[str, Callable[[Stream], Stream]] = {
    "update": lambda s: s.update(always({"Key": KEY, **update_expression({"n": 1})})),
    "put": lambda s: s.put(always({"Item": ITEM})),
    "delete": lambda s: s.delete(always({"Key": KEY})),
    "batch_write": lambda s: s.batch_write(always({"PutRequest": {"Item": ITEM}})),
    "transact": lambda s: s.transact(always(WRITES)),
    "publish": lambda s: s.publish(emitted),
    "put_records": lambda s: s.put_records(always(event(note=LARGE)), stream="stream"),
    "send_messages": lambda s: s.send_messages(always(event(note=LARGE)), queue="queue"),
    "publish_messages": lambda s: s.publish_messages(always(event(note=LARGE)), topic="topic"),
    "put_object": lambda s: s.put_object(always(FILE), bucket="files"),
    "delete_object": lambda s: s.delete_object(always({"Key": "k"}), bucket="files"),
    "copy_object": lambda s: s.copy_object(
        always({"Key": "k", "SourceKey": "none"}), bucket="files", source="others"
    ),
    "get_object": lambda s: s.get_object(always({"Key": "none"}), bucket="files"),
    "invoke": lambda s: s.invoke(always({"Payload": 1}), function="double"),
    "create_schedule": lambda s: s.create_schedule(
        lambda uow: {"Name": "n", **SCHEDULE, "Description": uow.event.id}, group="group"
    ),
    "delete_schedule": lambda s: s.delete_schedule(always({"Name": "n"}), group="group"),
    "start_execution": lambda s: s.start_execution(always({"input": 1}), machine="packing"),
    "call_http": lambda s: s.call_http(
        always({"body": 1}), url="http://127.0.0.1:1", authorization="crm"
    ),
    "get": lambda s: s.get(always({"Key": KEY})),
    "batch_get": lambda s: s.batch_get(always({"Keys": [KEY]})),
    "query": lambda s: s.query(always(QUERY)),
    "scan": lambda s: s.scan(always({})),
    "put_metrics": lambda s: s.put_metrics(always({"Metrics": {"n": 1}}), namespace="N"),
}


def asked_and_told(*several: Rule, events: int = 2) -> tuple[set[Right], set[Right]]:
    """Give what was called while events and all changes of the table went through."""
    processor = MemoryProcessor(StreamApp(several))
    aws = granted(processor)
    processor.handle(to_sqs_records([event(number) for number in range(events)]))
    while changes := processor.changes():
        processor.handle(changes)
    told = rights_of(processor)
    # An app publishes faults and redeems claims whatever its rules are.
    return aws.asked & told | {right for right in aws.asked if right not in aws.granted}, told


@pytest.mark.parametrize("name", PIPELINES)
def test_a_step_calls_what_it_tells_to_use_and_nothing_else(name: str):
    custom = rules.Custom(id="p", event_type="thing-created", build=PIPELINES[name])
    asked, told = asked_and_told(custom)
    assert asked == told


def test_every_step_of_a_stream_that_calls_somebody_is_tried():
    shaping = {"add", "batch", "call", "compact", "filter", "group", "map", "rate_limit", "split"}
    public = {name for name in dir(Stream) if not name.startswith("_")} - {"report", "tap"}
    assert public - shaping - {"pipeline", "steps", "emits"} == set(PIPELINES)


THING: dict[str, Any] = {"event_type": "thing-created"}
RULES: dict[str, list[Rule]] = {
    "materialize": [rules.Materialize(id="r", **THING, to_update=always(ITEM))],
    "materialize with region": [
        rules.Materialize(id="r", **THING, to_update=always(ITEM), awsregion=True)
    ],
    "update": [
        rules.Update(id="r", **THING, to_update=always(ITEM), get_request=always({"Key": KEY}))
    ],
    "cdc": [rules.Cdc(id="r", **THING, to_event=emitted, query_request=always(QUERY))],
    "send messages": [
        rules.SendMessages(
            id="r",
            **THING,
            to_message=always(event(note=LARGE)),
            queue="queue",
            batch_get_request=always({"Keys": [KEY]}),
        )
    ],
    "objects": [
        rules.MaterializeS3(
            id="r",
            **THING,
            bucket="files",
            to_put=lambda uow: FILE if uow.event.id == "e0" else None,
            to_delete=lambda uow: FILE if uow.event.id == "e1" else None,
        )
    ],
    "objects that are marked": [
        rules.MaterializeS3(
            id="r", **THING, bucket="files", to_delete=always(FILE), marks_deletions=True
        )
    ],
    "circuit breaker": [
        rules.CircuitBreaker(
            id="r",
            **THING,
            failures=1,
            build=lambda s: s.call(lambda uow: uow.nothing),
            is_failure=bool,
        )
    ],
    "evaluate": [
        rules.Collect(id="c", **THING, correlation_key="partitionKey"),
        rules.Correlate(id="k", **THING, correlation_key=always("other"), suffix="s"),
        rules.Evaluate(id="r", **THING, emit="thing-seen", expression=bool),
    ],
    "evaluate each": [
        rules.Collect(id="c", **THING), rules.Evaluate(id="r", **THING, emit="thing-seen")
    ],
    "job by query": [
        rules.Custom(
            id="s",
            **THING,
            build=lambda s: s.put(always({"Item": {"pk": "j", "sk": "j", "discriminator": "job"}})),
        ),
        rules.Job(
            id="r",
            to_query=always({**QUERY, "ExpressionAttributeValues": {":pk": "j"}}),
            to_update=always({"Key": KEY, **update_expression({"n": 1})}),
            to_event=emitted,
        ),
    ],
    "job by scan": [
        rules.Custom(
            id="s",
            **THING,
            build=lambda s: s.put(always({"Item": {"pk": "j", "sk": "j", "discriminator": "job"}})),
        ),
        rules.Job(id="r", to_scan=always({}), each=PIPELINES["put_object"], page_size=1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_calls_what_it_tells_to_use_and_nothing_else(name: str):
    asked, told = asked_and_told(*RULES[name])
    # What a row can hold is never too large for the bus.
    assert asked | CLAIM == told | CLAIM


EVALUATE = rules.Evaluate(id="e", **THING, emit="thing-seen", expression=lambda _: None)


@pytest.mark.parametrize("option", [{}, {"instead_of": EVALUATE}])
def test_an_expiry_calls_what_it_tells_to_use_and_nothing_else(option: dict[str, Any]):
    expired = rules.Expired(id="x", **option)
    collect = rules.Collect(
        id="c", **THING, correlation_key="partitionKey", expire=True, ttl=timedelta(days=1)
    )
    processor = MemoryProcessor(StreamApp([collect, EVALUATE, expired]))
    aws = granted(processor)
    processor.handle(to_sqs_records([event()]))
    (row,) = [each for each in processor.items() if each["discriminator"] == "CORREL"]
    processor.handle(processor.changes())
    key = {"pk": {"S": row["pk"]}, "sk": {"S": row["sk"]}}
    aws.memory.call("dynamodb", "DeleteItem", {"TableName": "table", "Key": key})
    (removal,) = (processor.changes() or {})["Records"]
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    processor.handle({"Records": [removal | {"userIdentity": service}]})
    while changes := processor.changes():
        processor.handle(changes)
    assert aws.asked <= aws.granted
    assert {each["type"] for each in processor.events()} == {"thing-created-expired"}
