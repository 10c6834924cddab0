"""Services that take what streams send: they refuse what AWS refuses, and keep the rest."""

from __future__ import annotations

import json

import pytest

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError, FunctionFailed
from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.machines import machine_arn
from cdk_streamer_runtime.memory.topics import topic_arn
from cdk_streamer_runtime.testing import MemoryAws, QueueSchema
from tests.runtime.memory.conftest import TABLE

ENTRY = {"Source": "app", "DetailType": "done", "Detail": "{}", "EventBusName": "bus"}
RECORD = {"Data": "eA==", "PartitionKey": "k"}
MACHINE = {"stateMachineArn": machine_arn("machine"), "name": "n", "input": "{}"}
SCHEDULE = {
    "GroupName": "group",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ScheduleExpression": "rate(1 day)",
    "Target": {"Arn": "a", "RoleArn": "r"},
}


@pytest.fixture
def services(clock) -> MemoryAws:
    return MemoryAws(
        clock=clock,
        tables=[TABLE],
        queues=[QueueSchema(name="orders.fifo")],
        buses=["bus"],
        data_streams=["stream"],
        topics=["topic"],
        machines=["machine"],
        schedule_groups=["group"],
        functions={"echo": lambda payload: payload},
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EventBusName": "unknown"}, "ResourceNotFoundException"),
        ({"Detail": "["}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Source": ""}, "InvalidArgument"),
    ],
)
def test_a_bus_refuses_an_entry_and_takes_its_neighbor(services, change, code):
    answer = services.call("events", "PutEvents", {"Entries": [{**ENTRY, **change}, ENTRY]})
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [code, None]
    assert answer["FailedEntryCount"] == 1
    assert len(services.buses.events("bus")) == 1


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("events", "PutEvents", {"Entries": []}),
        ("events", "PutEvents", {"Entries": [ENTRY] * 11}),
        ("events", "PutEvents", {"Entries": [{**ENTRY, "Detail": "x" * 2**20}]}),
        ("kinesis", "PutRecords", {"StreamName": "unknown", "Records": [RECORD]}),
        ("kinesis", "PutRecords", {"StreamName": "stream", "Records": [RECORD] * 501}),
        ("kinesis", "PutRecords", {"StreamName": "stream", "Records": [{"Data": ""}]}),
        ("states", "StartExecution", {**MACHINE, "name": "a b"}),
        ("states", "StartExecution", {**MACHINE, "input": "x" * 2**19}),
        ("states", "StartExecution", {**MACHINE, "stateMachineArn": machine_arn("unknown")}),
    ],
)
def test_what_aws_refuses_is_refused(services, service, operation, parameters):
    with pytest.raises(AwsError):
        services.call(service, operation, parameters)


def test_an_execution_goes_on_under_its_name_and_takes_no_other_input(services):
    first = services.call("states", "StartExecution", MACHINE)
    assert services.call("states", "StartExecution", MACHINE) == first
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        services.call("states", "StartExecution", {**MACHINE, "input": "[]"})
    services.machines.end("machine", "n")
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        services.call("states", "StartExecution", MACHINE)


@pytest.mark.parametrize(
    ("method", "url", "code"),
    [
        ("PUT", "/schedules/x", "ResourceNotFoundException"),
        ("DELETE", "/schedules/x?groupName=group", "ResourceNotFoundException"),
        ("DELETE", "/schedules/x", "ResourceNotFoundException"),
        ("POST", "/schedules/a%20b", "ValidationException"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(services, method, url, code):
    body = b"" if method == "DELETE" else json.dumps(SCHEDULE).encode()
    with pytest.raises(AwsError, match=code):
        services.rest("scheduler", method, url, body=body)


def test_a_schedule_is_made_once_by_its_token(services):
    body = json.dumps({**SCHEDULE, "ClientToken": "t"}).encode()
    services.rest("scheduler", "POST", "/schedules/x", body=body)
    services.rest("scheduler", "POST", "/schedules/x", body=body)
    with pytest.raises(AwsError, match="ConflictException"):
        services.rest("scheduler", "POST", "/schedules/x", body=json.dumps(SCHEDULE).encode())


@pytest.mark.parametrize("form", ["TopicArn=unknown", f"TopicArn={topic_arn('topic')}"])
def test_a_topic_takes_one_message_at_least_and_must_be_there(services, form):
    with pytest.raises(AwsError):
        services.rest("sns", "POST", "/", body=f"Action=PublishBatch&{form}".encode())


def test_a_function_answers_or_fails_or_is_not_there(services):
    def path(name):
        return f"/2015-03-31/functions/{function_arn(name)}/invocations"

    assert services.rest("lambda", "POST", path("echo"), body=b"[1]") == b"[1]"
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        services.rest("lambda", "POST", path("unknown"), body=b"1")


def test_a_fifo_queue_takes_a_message_again_after_five_minutes(services, clock):
    message = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    url = services.queue_url("orders.fifo")
    services.call("sqs", "SendMessage", {"QueueUrl": url, **message})
    clock.pass_seconds(299)
    services.call("sqs", "SendMessage", {"QueueUrl": url, **message})
    assert len(services.messages("orders.fifo")) == 1
    clock.pass_seconds(1)
    services.call("sqs", "SendMessage", {"QueueUrl": url, **message})
    (first, second) = services.call(
        "sqs", "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}
    )["Messages"]
    assert first["Attributes"]["MessageGroupId"] == "g"
    assert first["MessageId"] != second["MessageId"]


def test_a_fifo_queue_wants_a_group(services):
    parameters = {"QueueUrl": services.queue_url("orders.fifo"), "MessageBody": "x"}
    with pytest.raises(AwsError, match="MissingParameter"):
        services.call("sqs", "SendMessage", parameters)


# --- scans --------------------------------------------------------------------------------------


@pytest.fixture
def items(services) -> list[str]:
    names = [f"{number:02}" for number in range(20)]
    for name in names:
        owner = {"owner_key": "o", "created_key": name} if int(name) % 2 else {}
        Table(services, "table").put({"pk": name, "sk": "x", **owner})
    return names


def scan(services, **parameters):
    found: list[str] = []
    while True:
        answer = services.call("dynamodb", "Scan", {"TableName": "table", **parameters})
        found += [item["pk"]["S"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def test_a_scan_gives_each_item_once_whatever_its_pages(services, items):
    assert sorted(scan(services)) == items
    assert scan(services, Limit=3) == scan(services)


def test_segments_share_a_table(services, items):
    parts = [scan(services, Segment=number, TotalSegments=4) for number in range(4)]
    assert sorted(name for part in parts for name in part) == items


def test_a_scan_of_an_index_has_its_items_alone(services, items):
    assert sorted(scan(services, IndexName="by_owner")) == items[1::2]


def test_a_filter_of_a_scan_sees_what_was_read(services, items):
    found = scan(
        services,
        FilterExpression="pk < :pk",
        ExpressionAttributeValues={":pk": {"S": "05"}},
        Limit=7,
    )
    assert sorted(found) == items[:5]


@pytest.mark.parametrize(
    "parameters",
    [
        {"Segment": 2, "TotalSegments": 2},
        {"ExclusiveStartKey": {"pk": {"S": "x"}}},
        {"IndexName": "by_owner", "ConsistentRead": True},
    ],
)
def test_a_scan_that_cannot_be_is_refused(services, parameters):
    with pytest.raises(AwsError, match="ValidationException"):
        scan(services, **parameters)


def test_an_error_of_a_function_shows_nothing_of_it():
    def broken(_payload):
        raise ValueError("hidden")

    aws = MemoryAws(functions={"broken": broken})
    path = f"/2015-03-31/functions/{function_arn('broken')}/invocations"
    with pytest.raises(FunctionFailed) as failure:
        aws.rest("lambda", "POST", path, body=b"1")
    assert "hidden" not in str(failure.value)
