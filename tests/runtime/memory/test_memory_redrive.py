"""Move tasks, counts and mappings in memory do what SQS and Lambda document."""

from __future__ import annotations

import json

import pytest

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.message_moves import queue_arn
from cdk_streamer_runtime.memory.platform import MemoryPlatform

WORK, DEAD = "work", "dead"
MAPPING = "/2015-03-31/event-source-mappings/mapping"


@pytest.fixture
def platform():
    return MemoryPlatform()


@pytest.fixture
def aws(platform):
    work = QueueSchema(name=WORK, dead_letters=DEAD, max_receives=1, visibility_seconds=10)
    return MemoryAws(
        clock=platform.clock, queues=[work, QueueSchema(name=DEAD)], mappings=["mapping"]
    )


def call(aws, operation, queue=WORK, **parameters):
    return aws.call("sqs", operation, {"QueueUrl": aws.queue_url(queue), **parameters})


def start(aws, source=DEAD, **parameters):
    asked = {"SourceArn": queue_arn(source), **parameters}
    return aws.call("sqs", "StartMessageMoveTask", asked)["TaskHandle"]


def tasks(aws):
    asked = {"SourceArn": queue_arn(DEAD), "MaxResults": 10}
    return aws.call("sqs", "ListMessageMoveTasks", asked).get("Results", [])


def counts(aws, queue=WORK):
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    told = call(aws, "GetQueueAttributes", queue, AttributeNames=names)["Attributes"]
    return [told[name] for name in names]


def test_messages_are_counted_by_where_they_are(aws):
    for delay in (0, 0, 0, 60):
        call(aws, "SendMessage", MessageBody="x", DelaySeconds=delay)
    call(aws, "ReceiveMessage")
    assert counts(aws) == ["2", "1", "1"]


def test_a_message_whose_time_is_over_is_visible_again(aws, platform):
    call(aws, "SendMessage", MessageBody="x")
    call(aws, "ReceiveMessage")
    platform.advance(10_000)
    assert counts(aws) == ["1", "0", "0"]


def test_a_move_takes_the_time_that_its_pace_wants(aws, platform):
    for n in range(5):
        call(aws, "SendMessage", DEAD, MessageBody=str(n))
    start(aws, MaxNumberOfMessagesPerSecond=2)
    assert len(aws.messages(DEAD)) == 5
    platform.advance(1_500)
    (task,) = tasks(aws)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("RUNNING", 3)
    platform.advance(1_000)
    assert tasks(aws)[0]["Status"] == "COMPLETED"
    assert "TaskHandle" not in tasks(aws)[0]
    assert aws.messages(WORK) == ["0", "1", "2", "3", "4"]


def test_what_was_moved_is_another_message_that_nobody_has_received(aws, platform):
    sent = call(aws, "SendMessage", MessageBody="x")["MessageId"]
    for _ in range(2):
        call(aws, "ReceiveMessage")
        platform.advance(10_000)
    assert aws.messages(DEAD) == ["x"]
    start(aws)
    platform.advance(1_000)
    (message,) = call(aws, "ReceiveMessage")["Messages"]
    assert message["MessageId"] != sent
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_one_task_runs_at_a_time_until_it_is_cancelled(aws):
    call(aws, "SendMessage", DEAD, MessageBody="x")
    handle = start(aws)
    with pytest.raises(AwsError, match="already a task running"):
        start(aws)
    aws.call("sqs", "CancelMessageMoveTask", {"TaskHandle": handle})
    start(aws)
    assert [task["Status"] for task in tasks(aws)] == ["RUNNING", "CANCELLED"]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        aws.call("sqs", "CancelMessageMoveTask", {"TaskHandle": handle})


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"source": WORK}, "must be configured as a Dead Letter Queue"),
        ({"source": "none"}, "ResourceNotFoundException"),
        ({"MaxNumberOfMessagesPerSecond": 501}, "from 1 to 500"),
        ({"DestinationArn": queue_arn("none")}, "ResourceNotFoundException"),
    ],
)
def test_a_task_that_cannot_be_is_refused(aws, parameters, words):
    with pytest.raises(AwsError, match=words):
        start(aws, **parameters)


def test_a_mapping_is_turned_off_and_on(aws):
    states = [json.loads(aws.rest("lambda", "GET", MAPPING))["State"]]
    for enabled in (False, True):
        body = json.dumps({"Enabled": enabled}).encode()
        states.append(json.loads(aws.rest("lambda", "PUT", MAPPING, body=body))["State"])
    assert states == ["Enabled", "Disabled", "Enabled"]


def test_a_mapping_that_is_being_changed_refuses_to_be(aws):
    aws.mappings.states["mapping"] = "Enabling"
    with pytest.raises(AwsError, match="ResourceInUseException"):
        aws.rest("lambda", "PUT", MAPPING, body=b'{"Enabled":false}')


def test_a_mapping_that_there_is_not_is_unknown(aws):
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        aws.rest("lambda", "GET", f"{MAPPING}2")
    with pytest.raises(NotImplementedError):
        aws.rest("lambda", "DELETE", MAPPING)
