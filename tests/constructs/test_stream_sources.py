"""What brings records to a processor, and what it is allowed for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aws_cdk import (
    Duration,
    Stack,
    aws_dynamodb as dynamodb,
    aws_events as events,
    aws_kinesis as kinesis,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_sqs as sqs,
)
from aws_cdk.assertions import Annotations, Match

from cdk_streamer import StreamSource
from cdk_streamer_runtime.contract.streams import MAX_RECORD_AGE_SECONDS
from tests.constructs.stacks import (
    as_list,
    bare_processor,
    new_bus_source,
    new_source,
    new_stack,
    resources,
    statements,
    template_of,
    the,
    variables,
)

MAPPING, QUEUE = "AWS::Lambda::EventSourceMapping", "AWS::SQS::Queue"
ROLE, RULE = "AWS::IAM::Role", "AWS::Events::Rule"
# Of a table, a queue and a stream that say what their function may do; the rules read nothing.
QUIET: dict[str, Any] = {"grants": {"bus": ["events:PutEvents"]}}
STREAM_ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/things"


def processed(source: Callable[[Stack], StreamSource], **settings: Any) -> dict[str, Any]:
    stack = new_stack()
    bare_processor(stack, source=source(stack), **{**QUIET, **settings})
    return template_of(stack)


def mapping(template: dict[str, Any]) -> dict[str, Any]:
    return the(template, MAPPING, "Listener")


def allowed(template: dict[str, Any], service: str) -> dict[str, set[str]]:
    """Give what the function may do with a service, by the resource as text."""
    found: dict[str, set[str]] = {}
    for statement in statements(the(template, ROLE, "ListenerProcessor")):
        for resource in as_list(statement["Resource"]):
            names = {name for name in as_list(statement["Action"]) if name.startswith(service)}
            found.setdefault(json.dumps(resource), set()).update(names)
    return {resource: names for resource, names in found.items() if names}


def table_of(stack: Stack, **settings: Any) -> dynamodb.Table:
    key = dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING)
    return dynamodb.Table(
        stack,
        "Things",
        partition_key=key,
        **{"stream": dynamodb.StreamViewType.NEW_AND_OLD_IMAGES, **settings},
    )


# --- streams --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_stream() -> dict[str, Any]:
    return processed(new_source)


@pytest.fixture(scope="module")
def of_table() -> dict[str, Any]:
    return processed(lambda stack: StreamSource.dynamodb(table_of(stack)))


@pytest.fixture(params=["of_stream", "of_table"])
def streamed(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.getfixturevalue(request.param)


def test_no_record_is_given_up_for_having_come_at_a_bad_moment(streamed: dict[str, Any]):
    found = mapping(streamed)
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["BisectBatchOnFunctionError"] is True
    assert found["MaximumRecordAgeInSeconds"] == MAX_RECORD_AGE_SECONDS
    # As many as the age allows: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    assert "MaximumRetryAttempts" not in found
    assert (found["BatchSize"], found["ParallelizationFactor"]) == (100, 1)
    assert "TumblingWindowInSeconds" not in found


def test_what_is_given_up_is_told_while_the_stream_still_has_it():
    assert MAX_RECORD_AGE_SECONDS < 24 * 60 * 60


def test_what_lambda_gives_up_is_told_to_a_queue_that_keeps_it(streamed: dict[str, Any]):
    destination = mapping(streamed)["DestinationConfig"]["OnFailure"]["Destination"]
    assert destination["Fn::GetAtt"][0].startswith("ListenerOnFailure")
    queue = the(streamed, QUEUE, "ListenerOnFailure")
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    (told,) = allowed(streamed, "sqs:").values()
    assert told == {"sqs:SendMessage"}


def test_a_stream_is_read_and_nothing_else(of_stream: dict[str, Any]):
    assert allowed(of_stream, "kinesis:") == {
        f'"{STREAM_ARN}"': {
            *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
            *("kinesis:GetShardIterator", "kinesis:ListShards"),
        }
    }


def test_a_tables_stream_is_read_and_nothing_else(of_table: dict[str, Any]):
    ((resource, actions),) = allowed(of_table, "dynamodb:").items()
    assert "StreamArn" in resource
    assert actions == {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
    }
    assert variables(of_table, "Listener")["CDK_STREAMER_SOURCE_KIND"] == "dynamodb"


def test_everything_about_a_stream_may_be_said():
    def source(stack: Stack) -> StreamSource:
        return new_source(
            stack,
            batch_size=500,
            batching_window=Duration.seconds(5),
            parallelization_factor=10,
            starting_position=lambda_.StartingPosition.LATEST,
            max_record_age=Duration.hours(1),
            retry_attempts=3,
            bisect=False,
            on_failure=sqs.Queue(stack, "Mine"),
        )

    found = mapping(processed(source))
    assert found["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0][:4] == "Mine"
    assert {name: found[name] for name in found if name.startswith(("M", "P", "St", "Ba"))} == {
        "BatchSize": 500,
        "MaximumBatchingWindowInSeconds": 5,
        "ParallelizationFactor": 10,
        "StartingPosition": "LATEST",
        "MaximumRecordAgeInSeconds": 3600,
        "MaximumRetryAttempts": 3,
    }
    assert found["BisectBatchOnFunctionError"] is False


def test_a_stream_may_be_read_from_a_moment_on():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    found = mapping(processed(lambda stack: new_source(stack, starting_position=moment)))
    assert found["StartingPosition"] == "AT_TIMESTAMP"
    assert found["StartingPositionTimestamp"] == moment.timestamp()


def test_a_consumer_has_a_share_of_its_own():
    arn = f"{STREAM_ARN}/consumer/listener:1"

    def source(stack: Stack) -> StreamSource:
        stream = kinesis.Stream.from_stream_arn(stack, "Stream", STREAM_ARN)
        consumer = kinesis.StreamConsumer.from_stream_consumer_arn(stack, "Consumer", arn)
        return StreamSource.kinesis(stream, consumer=consumer)

    template = processed(source)
    assert mapping(template)["EventSourceArn"] == arn
    assert allowed(template, "kinesis:")[f'"{arn}"'] == {
        "kinesis:DescribeStreamConsumer",
        "kinesis:SubscribeToShard",
    }


def test_who_reads_an_encrypted_stream_may_use_its_key():
    def source(stack: Stack) -> StreamSource:
        key: Any = kms.Key(stack, "Key")
        return StreamSource.kinesis(kinesis.Stream(stack, "Things", encryption_key=key))

    assert list(allowed(processed(source), "kms:").values()) == [{"kms:Decrypt"}]


def test_a_table_without_a_stream_is_refused():
    table = table_of(new_stack(), stream=None)
    with pytest.raises(ValueError, match="'Reports/Things' has no stream; give it"):
        StreamSource.dynamodb(table)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"batch_size": 0}, "batch_size must be 1 to 10000, got 0"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"batching_window": Duration.minutes(6)}, "batching_window must be 0 to 300"),
        ({"parallelization_factor": 11}, "parallelization_factor must be 1 to 10"),
        ({"max_record_age": Duration.seconds(30)}, "max_record_age must be 60 to 604800"),
        ({"retry_attempts": -1}, "retry_attempts must be 0 to 10000"),
        ({"starting_position": datetime(2026, 1, 1)}, "in which time zone"),  # noqa: DTZ001 - what is refused
        ({"starting_position": lambda_.StartingPosition.AT_TIMESTAMP}, "pass the datetime instead"),
    ],
)
def test_a_stream_that_cannot_be_read_so_is_refused(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        new_source(new_stack(), **settings)


def test_a_table_is_not_read_from_a_moment_on():
    moment: Any = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="cannot be a time; use TRIM_HORIZON or LATEST"):
        StreamSource.dynamodb(table_of(new_stack()), starting_position=moment)


def test_a_fifo_queue_is_told_nothing():
    queue = sqs.Queue(new_stack(), "Mine", fifo=True)
    with pytest.raises(ValueError, match="on_failure must be a standard queue"):
        StreamSource.dynamodb(table_of(new_stack()), on_failure=queue)


# --- queues ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_queue() -> dict[str, Any]:
    return processed(lambda _: StreamSource.sqs(batching_window=Duration.seconds(20)))


@pytest.fixture(scope="module")
def of_bus() -> dict[str, Any]:
    return processed(new_bus_source)


@pytest.mark.parametrize(("name", "hidden"), [("of_queue", 380), ("of_bus", 360)])
def test_messages_are_hidden_for_six_times_as_long_as_the_function_takes(
    request: pytest.FixtureRequest, name: str, hidden: int
):
    template = request.getfixturevalue(name)
    (queue,) = (each for each in resources(template, QUEUE).values() if "RedrivePolicy" in each)
    assert queue["VisibilityTimeout"] == hidden
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 50


def test_dead_letters_are_kept_longer_than_messages(of_queue: dict[str, Any]):
    living = the(of_queue, QUEUE, "ListenerMessagesQueue")["MessageRetentionPeriod"]
    dead = the(of_queue, QUEUE, "ListenerMessagesDeadLetters")["MessageRetentionPeriod"]
    assert dead == 2 * living == 14 * 24 * 60 * 60


def test_a_queue_is_consumed_and_nothing_else(of_queue: dict[str, Any]):
    ((resource, actions),) = allowed(of_queue, "sqs:").items()
    assert "ListenerMessagesQueue" in resource
    assert actions == {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    assert mapping(of_queue)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_fifo_queue_has_fifo_dead_letters():
    template = processed(lambda _: StreamSource.sqs(fifo=True))
    fifo = {name for name, each in resources(template, QUEUE).items() if each.get("FifoQueue")}
    assert {name[:21] for name in fifo} == {"ListenerMessagesQueue", "ListenerMessagesDeadL"}


def test_a_queue_of_the_users_is_read_as_it_is():
    def source(stack: Stack) -> StreamSource:
        dead = sqs.DeadLetterQueue(queue=sqs.Queue(stack, "Dead"), max_receive_count=50)
        mine = sqs.Queue(
            stack, "Mine", visibility_timeout=Duration.minutes(6), dead_letter_queue=dead
        )
        return StreamSource.sqs(mine, max_concurrency=5)

    template = processed(source)
    found = mapping(template)
    assert found["EventSourceArn"]["Fn::GetAtt"][0].startswith("Mine")
    assert found["ScalingConfig"] == {"MaximumConcurrency": 5}


def warnings_of(queue: Callable[[Stack], sqs.Queue]) -> str:
    stack = new_stack()
    bare_processor(stack, source=StreamSource.sqs(queue(stack)), **QUIET)
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return " ".join(str(each.entry.data) for each in found)


def test_a_queue_that_loses_or_repeats_messages_is_warned_of():
    def short_and_without_dead_letters(stack: Stack) -> sqs.Queue:
        return sqs.Queue(stack, "Mine", visibility_timeout=Duration.minutes(1))

    said = warnings_of(short_and_without_dead_letters)
    assert "are hidden for 60 seconds, so that a batch that waits for an invocation is" in said
    assert "'Reports/Mine' has no dead-letter queue" in said


def test_a_queue_that_gives_up_early_is_warned_of():
    def hasty(stack: Stack) -> sqs.Queue:
        dead = sqs.DeadLetterQueue(queue=sqs.Queue(stack, "Dead"), max_receive_count=2)
        return sqs.Queue(
            stack, "Mine", visibility_timeout=Duration.minutes(6), dead_letter_queue=dead
        )

    assert "gives messages up after 2 receives" in warnings_of(hasty)


def test_a_queue_that_hides_messages_for_less_than_the_function_takes_is_refused():
    stack = new_stack()
    source = StreamSource.sqs(sqs.Queue(stack, "Mine"))
    with pytest.raises(ValueError, match="a visibility_timeout of 360 seconds"):
        bare_processor(stack, source=source, **QUIET)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"batch_size": 11}, "needs time to fill, got 11; pass batching_window"),
        ({"batch_size": 11, "fifo": True}, "batch_size must be 1 to 10, got 11"),
        ({"fifo": True, "batching_window": Duration.seconds(1)}, "is not for FIFO queues"),
        ({"max_concurrency": 1}, "max_concurrency must be 2 to 1000"),
        ({"max_receive_count": 0}, "max_receive_count must be 1 to 1000"),
    ],
)
def test_a_queue_that_cannot_be_read_so_is_refused(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        StreamSource.sqs(**settings)


@pytest.mark.parametrize("settings", [{"fifo": True}, {"max_receive_count": 9}])
def test_what_a_queue_of_the_users_has_is_said_there(settings: dict[str, Any]):
    with pytest.raises(ValueError, match="and a queue is given"):
        StreamSource.sqs(sqs.Queue(new_stack(), "Mine"), **settings)


# --- buses ----------------------------------------------------------------------------------------


def test_events_of_a_bus_come_through_a_queue(of_bus: dict[str, Any]):
    rule = the(of_bus, RULE, "ListenerSubscription")
    (target,) = rule["Targets"]
    assert rule["EventBusName"] == "things"
    assert target["Arn"]["Fn::GetAtt"][0].startswith("ListenerSubscriptionEventsQueue")
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith(
        "ListenerSubscriptionEventsDeadLetters"
    )
    source = mapping(of_bus)["EventSourceArn"]["Fn::GetAtt"][0]
    assert source.startswith("ListenerSubscriptionEventsQueue")
    assert variables(of_bus, "Listener")["CDK_STREAMER_SOURCE_KIND"] == "event_bus"


def test_which_events_come_may_be_said():
    pattern = events.EventPattern(source=["shop"], detail_type=events.Match.prefix("order-"))
    template = processed(lambda stack: new_bus_source(stack, pattern=pattern))
    assert the(template, RULE, "ListenerSubscription")["EventPattern"] == {
        "source": ["shop"],
        "detail-type": [{"prefix": "order-"}],
    }


def test_a_pattern_of_nothing_is_refused():
    with pytest.raises(ValueError, match="pattern is empty; name a source"):
        new_bus_source(new_stack(), pattern=events.EventPattern())


# --- what is of another kind ----------------------------------------------------------------------

TO = "arn:aws:sqs:eu-west-1:123456789012:{}".format
MISTAKEN: list[tuple[Callable[[Any], StreamSource], str]] = [
    (
        StreamSource.kinesis,
        "stream must be the construct of a stream, got the queue 'Reports/Work'",
    ),
    (StreamSource.dynamodb, "table must be the construct of a table, got the queue"),
    (StreamSource.event_bus, "bus must be the construct of an event_bus, got the queue"),
    (lambda _: StreamSource.sqs(cast("Any", "orders")), "construct of a queue, got 'orders'"),
]


@pytest.mark.parametrize(("make", "text"), MISTAKEN)
def test_a_source_that_is_something_else_is_refused(make, text):
    queue = sqs.Queue.from_queue_arn(new_stack(), "Work", TO("work"))
    with pytest.raises(ValueError, match=text):
        make(queue)


BROUGHT: list[tuple[str, object, str]] = [
    ("source", "things", "source must be a StreamSource, got 'things'; write source="),
    ("table", "things", "table must be the construct of a table, got 'things'"),
    ("bus", "things", "bus must be the construct of an event_bus, got 'things'"),
    ("claims", "things", "claims must be the construct of a bucket, got 'things'"),
    ("fault_queue", "things", "fault_queue must be the construct of a queue, got 'things'"),
    ("resources", ["things"], r"resources must be constructs by the names .* write resources="),
    ("grants", ["sqs:SendMessage"], r"grants must be IAM actions by the names .* write grants="),
    ("environment", {"SIZE": 3}, r"environment\['SIZE'\] must be a text, got 3; write '3'"),
]


@pytest.mark.parametrize(("argument", "value", "text"), BROUGHT)
def test_an_argument_that_is_something_else_is_refused_before_anything_is_made(
    argument, value, text
):
    stack = new_stack()
    with pytest.raises(ValueError, match=text):
        bare_processor(stack, **{**QUIET, argument: value})
    assert {child.node.id for child in stack.node.children} <= {"ListenerStream"}


def test_a_fault_queue_is_no_fifo_queue():
    stack = new_stack()
    queue = sqs.Queue.from_queue_arn(stack, "Faults", TO("faults.fifo"))
    with pytest.raises(ValueError, match="standard queue, got the FIFO queue 'Reports/Faults'"):
        bare_processor(stack, **QUIET, fault_queue=queue)
