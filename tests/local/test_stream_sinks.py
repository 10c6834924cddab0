"""Sinks and queries of streams speak to services as these expect it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.queries.items import batch_get, get
from cdk_streamer_runtime.streams.queries.pages import query, scan
from cdk_streamer_runtime.streams.sinks.dynamodb import batch_write, transact, update
from cdk_streamer_runtime.streams.sinks.events import publish
from cdk_streamer_runtime.streams.sinks.executions import start_execution
from cdk_streamer_runtime.streams.sinks.expressions import timestamp_condition, update_expression
from cdk_streamer_runtime.streams.sinks.messages import send_messages
from cdk_streamer_runtime.streams.sinks.objects import (
    copy_object,
    delete_object,
    get_object,
    put_object,
)
from cdk_streamer_runtime.streams.sinks.records import put_records
from cdk_streamer_runtime.streams.sinks.schedules import create_schedule, delete_schedule
from cdk_streamer_runtime.streams.sinks.topics import publish_messages
from tests.runtime.streams.sinks.sending import TAGS, event, sent, unit
from tests.runtime.streams.surroundings import Counted, Named

MACHINE = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture(scope="module")
def sdk(engine) -> Iterator[Any]:
    """boto3's clients by service, to make resources and to look at what was done."""
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = boto3.client(
                service,  # pyright: ignore[reportArgumentType]
                endpoint_url=engine.endpoint,
                region_name="eu-west-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                verify=engine.ca_bundle,
            )
        return made[service]

    yield client
    for each in made.values():
        each.close()


@pytest.fixture(scope="module")
def addresses(sdk) -> dict[str, str]:
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    sdk("dynamodb").create_table(
        TableName="sinks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    )
    sdk("kinesis").create_stream(StreamName="sinks", ShardCount=1)
    sdk("s3").create_bucket(
        Bucket="sinks", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    sdk("events").create_event_bus(Name="sinks")
    sdk("scheduler").create_schedule_group(Name="sinks")
    topic = sdk("sns").create_topic(Name="sinks")["TopicArn"]
    arn = "arn:aws:sqs:eu-west-1:000000000000:sinks-heard"
    services = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    allowed = {
        "Effect": "Allow",
        "Principal": services,
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    heard = sdk("sqs").create_queue(QueueName="sinks-heard", Attributes={"Policy": policy})
    sdk("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sdk("events").put_rule(
        Name="all", EventBusName="sinks", EventPattern=json.dumps({"source": [TAGS["source"]]})
    )
    sdk("events").put_targets(
        Rule="all", EventBusName="sinks", Targets=[{"Id": "heard", "Arn": arn}]
    )
    trust = {"Version": "2012-10-17", "Statement": []}
    sdk("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(trust))
    fifo = {"FifoQueue": "true"}
    machine = sdk("stepfunctions").create_state_machine(
        name="sinks", definition=json.dumps(MACHINE), roleArn=ROLE
    )
    return {
        "table": "sinks",
        "stream": "sinks",
        "bucket": "sinks",
        "claims": "sinks",
        "bus": "sinks",
        "group": "sinks",
        "topic": topic,
        "heard": heard["QueueUrl"],
        "fifo": sdk("sqs").create_queue(QueueName="sinks.fifo", Attributes=fifo)["QueueUrl"],
        "machine": machine["stateMachineArn"],
    }


@pytest.fixture
def world(client: LeanClient, addresses) -> World:
    return World(
        aws=client,
        platform=Machine(),
        resources=Named(**addresses),
        meter=Counted(),
        deadline=START,
        tags=TAGS,
    )


def received(sdk, url: str) -> list[str]:
    bodies: list[str] = []
    while (
        messages := sdk("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        .get("Messages")
    ):
        for message in messages:
            bodies.append(message["Body"])
            sdk("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def view(timestamp: int, **more: Any) -> dict[str, Any]:
    item = {"timestamp": timestamp, "sequence": "1", "lineage": "a", **more}
    lock = timestamp_condition(item, latched="latched", deleted="deleted")
    return {"Key": {"pk": "view", "sk": "x"}, **update_expression(item, lock)}


def test_the_lock_keeps_the_newest(world):
    requests = [view(2, name="new", size=None, status={"a", "b"}), view(1, name="old")]
    assert sent(world, update(), *[unit(update_request=each) for each in requests])[1] is None
    (found,) = sent(world, get(), unit(get_request={"Key": {"pk": "view", "sk": "x"}}))
    assert (found.get_response["name"], found.get_response["status"]) == ("new", {"a", "b"})


@pytest.mark.parametrize(
    ("stored", "coming", "is_newer"),
    [
        ({}, {"sequence": "2"}, True),
        ({}, {"sequence": "0"}, False),
        ({}, {"sequence": "0", "lineage": "b"}, True),
        ({"deleted": True}, {"lineage": "b"}, False),
        ({"deleted": True}, {"sequence": "2"}, True),
        ({"latched": None}, {"sequence": "2"}, False),
        ({"sequence": None, "lineage": None}, {}, True),
    ],
)
def test_equal_timestamps_are_told_apart_as_in_memory(world, stored, coming, is_newer):
    before = {"timestamp": 5, "sequence": "1", "lineage": "a", "latched": True, **stored}
    key = {"pk": "equal", "sk": json.dumps([stored, coming])}
    first = {"Key": key, **update_expression(before)}
    sent(world, update(), unit(update_request=first))
    (passed,) = sent(world, update(), unit(update_request={**view(5, **coming), "Key": key}))
    assert (passed is not None) == is_newer


def test_items_are_written_and_read_together(world):
    keys = [{"pk": "many", "sk": f"{number:02}"} for number in range(25)]
    writes = [{"PutRequest": {"Item": {**key, "n": 1.5}}} for key in keys]
    sent(world, batch_write(), unit(batch_write_request=writes))
    removal = {"TransactItems": [{"Delete": {"Key": keys[0]}}]}
    sent(world, transact(), unit(transact_request=removal))
    (found,) = sent(world, batch_get(), unit(batch_get_request={"Keys": keys}))
    assert [item and item["sk"] for item in found.batch_get_response] == [
        None,
        *(key["sk"] for key in keys[1:]),
    ]
    question = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": "many"},
    }
    (asked,) = sent(world, query(consistent=True), unit(query_request=question))
    assert len(asked.query_response) == 24
    counted = {
        "FilterExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": "many"},
        "TotalSegments": 1,
        "Segment": 0,
    }
    (scanned,) = sent(world, scan(), unit(scan_request=counted))
    assert len(scanned.scan_response) == 24


def test_events_reach_the_targets_of_their_bus(world, sdk, addresses):
    requests = [unit(str(number), publish_request=event(str(number))) for number in range(12)]
    passed = sent(world, publish(), *requests[:10]) + sent(world, publish(), *requests[10:])
    assert all(each.publish_response["EventId"] for each in passed)
    heard = [json.loads(body) for body in received(sdk, addresses["heard"])]
    assert {each["detail"]["id"] for each in heard} == {f"{number}.cdc" for number in range(12)}
    assert {each["detail-type"] for each in heard} == {"thing-published"}


def test_messages_of_a_topic_reach_its_subscribers(world, sdk, addresses):
    attribute = {"kind": {"DataType": "String", "StringValue": "x"}}
    requests = [{"Message": "a&b=ü", "MessageAttributes": attribute}, event()]
    (passed,) = sent(world, publish_messages(topic="topic"), unit(topic_request=requests))
    assert all(each["MessageId"] for each in passed.topic_response)
    heard = [json.loads(body)["Message"] for body in received(sdk, addresses["heard"])]
    assert min(heard) == "a&b=ü"


def test_a_fifo_queue_takes_an_event_once(world, sdk, addresses):
    step = send_messages(queue="fifo")
    units = [unit(id, message_request={"MessageBody": {"id": id}}) for id in ("1", "2", "1")]
    for each in units:
        (passed,) = sent(world, step, each)
        assert passed.message_response["MessageId"]
    assert received(sdk, addresses["fifo"]) == ['{"id":"1"}', '{"id":"2"}']


def test_records_are_in_the_stream(world, sdk):
    requests = [{"Data": b"\x00\xff", "PartitionKey": "k"}, event()]
    sent(world, put_records(stream="stream"), unit(record_request=requests))
    kinesis = sdk("kinesis")
    (shard,) = kinesis.list_shards(StreamName="sinks")["Shards"]
    iterator = kinesis.get_shard_iterator(
        StreamName="sinks", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    first, second = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert (first["Data"], first["PartitionKey"]) == (b"\x00\xff", "k")
    assert json.loads(second["Data"])["id"] == "1.cdc"


def test_objects_are_stored_copied_read_and_removed(world):
    key, copy = "a b/ü+.json", "copy (1).json"
    sent(world, put_object(bucket="bucket"), unit(put_object_request={"Key": key, "Body": [1]}))
    request = {"Key": copy, "SourceKey": key}
    sent(world, copy_object(bucket="bucket"), unit(copy_object_request=request))
    sent(world, delete_object(bucket="bucket"), unit(delete_object_request={"Key": key}))
    step = get_object(bucket="bucket")
    found, gone = sent(
        world, step, *[unit(get_object_request={"Key": each}) for each in (copy, key)]
    )
    assert (found.get_object_response["Body"], gone.get_object_response["Body"]) == (b"[1]", None)


def test_an_execution_is_started_once(world, sdk, addresses):
    step = start_execution(machine="machine")
    units = [unit("order/1", start_execution_request={"input": {"order": 1}})] * 2
    sent(world, step, *units)
    found = sdk("stepfunctions").list_executions(stateMachineArn=addresses["machine"])
    assert len(found["executions"]) == 1


def test_a_schedule_is_made_changed_and_removed(world, sdk, addresses):
    target = {"Arn": "arn:aws:sqs:eu-west-1:000000000000:sinks-heard", "RoleArn": ROLE}
    times = ["at(2036-11-21T12:00:00)", "at(2036-11-22T12:00:00)"]
    step, name = create_schedule(group="group"), {"Name": "order 1"}
    requests = [{**name, "ScheduleExpression": time, "Target": target} for time in times]
    made, _ = sent(world, step, *[unit(create_schedule_request=each) for each in requests])
    own = made.create_schedule_response["Name"]
    found = sdk("scheduler").get_schedule(GroupName="sinks", Name=own)
    assert found["ScheduleExpression"] == times[1]
    removal = unit(delete_schedule_request=name)
    sent(world, delete_schedule(group="group"), removal, removal)
    assert sdk("scheduler").list_schedules(GroupName="sinks")["Schedules"] == []
