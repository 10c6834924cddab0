"""What a PeriodicTimer deploys: a table, two queues, a tick a minute, and a callback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    App,
    Duration,
    NestedStack,
    RemovalPolicy,
    Stack,
    aws_dynamodb as dynamodb,
    aws_kms as kms,
    aws_lambda as lambda_,
)
from aws_cdk.assertions import Annotations, Match

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.contract import timers as timer_contract
from tests.constructs.stacks import (
    ENVIRONMENT,
    HANDLERS,
    WITHOUT_ASSETS,
    called_template,
    full_timer_template,
    new_function,
    new_stack,
    new_timer,
    resources,
    template_of,
    the,
    variables,
)

FUNCTION, QUEUE, SOURCE = (
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::Lambda::EventSourceMapping",
)
TABLE, SCHEDULE, ROLE = "AWS::DynamoDB::Table", "AWS::Scheduler::Schedule", "AWS::IAM::Role"
INLINE = lambda_.Code.from_inline("def handler(event, context): ...")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_timer(stack)
    return template_of(stack)


# --- the table ------------------------------------------------------------------------------------


def test_the_table_stays_and_has_no_stream(template: dict[str, Any]):
    table = the(template, TABLE, "Timer")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "StreamSpecification" not in table


def test_the_index_lists_what_an_owner_has(template: dict[str, Any]):
    (index,) = the(template, TABLE, "Timer")["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == [
        timer_contract.TIMER_OWNER_INDEX_PARTITION_KEY,
        timer_contract.TIMER_OWNER_INDEX_SORT_KEY,
    ]
    assert set(index["Projection"]["NonKeyAttributes"]) == set(
        timer_contract.TIMER_OWNER_INDEX_PROJECTION
    )


def test_a_table_of_the_users_takes_the_place_of_ours():
    stack = new_stack()
    table = fitting_table(stack)
    assert new_timer(stack, table=table).table is table
    assert [name[:4] for name in resources(template_of(stack), TABLE)] == ["Mine"]


@pytest.mark.parametrize(
    ("settings", "lack"),
    [
        ({"sort_key": None}, "the string keys"),
        ({"time_to_live_attribute": None}, "the TTL attribute 'ttl'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(settings: dict[str, Any], lack: str):
    stack = new_stack()
    table = fitting_table(stack, **settings)
    with pytest.raises(ValueError, match=lack):
        new_timer(stack, table=table)
    assert [child.node.id for child in stack.node.children] == ["Mine"]


def test_a_table_without_the_index_is_refused():
    stack = new_stack()
    table = dynamodb.Table(stack, "Mine", **keys())
    with pytest.raises(ValueError, match=r"the index 'by_owner' .* \['owner_key', 'id_key'\]"):
        new_timer(stack, table=table)


def keys() -> dict[str, Any]:
    return {
        "partition_key": text(contract.PARTITION_KEY),
        "sort_key": text(contract.SORT_KEY),
        "time_to_live_attribute": contract.TTL_ATTRIBUTE,
    }


def text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def fitting_table(stack: Stack, **settings: Any) -> dynamodb.Table:
    table = dynamodb.Table(stack, "Mine", **{**keys(), **settings})
    table.add_global_secondary_index(
        index_name=timer_contract.TIMER_OWNER_INDEX,
        partition_key=text(timer_contract.TIMER_OWNER_INDEX_PARTITION_KEY),
        sort_key=text(timer_contract.TIMER_OWNER_INDEX_SORT_KEY),
    )
    return table


# --- ticks ----------------------------------------------------------------------------------------


def test_the_ticker_is_invoked_once_a_minute_and_not_later(template: dict[str, Any]):
    schedule = the(template, SCHEDULE, "TimerTicker")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60
    kept = the(template, "AWS::Lambda::EventInvokeConfig", "TimerTicker")
    assert (kept["MaximumEventAgeInSeconds"], kept["MaximumRetryAttempts"]) == (60, 0)


def test_the_schedule_may_invoke_the_ticker_and_nothing_else(template: dict[str, Any]):
    role = the(template, ROLE, "TimerTickerScheduleRole")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"].keys() == {"aws:SourceAccount", "aws:SourceArn"}
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    ticker = "TimerTickerFunction"
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"]["Fn::GetAtt"][0].startswith(ticker)


# --- queues ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 16, 4096])
def test_there_is_a_dispatcher_for_each_shard_as_far_as_lambda_lets(shards: int):
    template = called_template(shards=shards)
    source = the(template, SOURCE, "TimerDispatcher")
    assert source["BatchSize"] == 1
    assert source["ScalingConfig"] == {"MaximumConcurrency": min(max(shards, 2), 1000)}
    assert variables(template, "TimerDispatcher")["CDK_STREAMER_SHARDS"] == str(shards)


def test_a_dispatcher_ends_before_its_message_is_seen_again(template: dict[str, Any]):
    timeout = the(template, FUNCTION, "TimerDispatcherFunction")["Timeout"]
    queue = the(template, QUEUE, "TimerDispatchQueue")
    assert queue["VisibilityTimeout"] >= timeout + 60
    assert (
        queue["MessageRetentionPeriod"]
        > queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    )


@pytest.mark.parametrize(
    ("batch_size", "timeout", "visibility"),
    [(10, 20, 120), (1, 20, 80), (2, 900, 5_400), (10, None, 18), (1, 900, 960)],
)
def test_firings_are_hidden_for_as_long_as_a_callback_may_take(
    batch_size: int, timeout: int | None, visibility: int
):
    length = None if timeout is None else Duration.seconds(timeout)
    template = called_template(batch_size=batch_size, timeout=length)
    source = the(template, SOURCE, "TimerCallback")
    assert the(template, QUEUE, "TimerFanOutQueue")["VisibilityTimeout"] == visibility
    assert source["BatchSize"] == batch_size
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_callbacks_can_be_limited():
    source = the(called_template(max_concurrency=7), SOURCE, "TimerCallback")
    assert source["ScalingConfig"] == {"MaximumConcurrency": 7}


@pytest.mark.parametrize("name", ["TimerDispatch", "TimerFanOut"])
def test_a_queue_has_dead_letters_that_outlive_it(template: dict[str, Any], name: str):
    queue = the(template, QUEUE, f"{name}Queue")
    dead = the(template, QUEUE, f"{name}DeadLetters")
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600 > queue["MessageRetentionPeriod"]
    assert queue["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True


def test_every_queue_is_reached_by_tls_alone(template: dict[str, Any]):
    policies = json.dumps(resources(template, "AWS::SQS::QueuePolicy"))
    assert policies.count('"aws:SecureTransport": "false"') == len(resources(template, QUEUE)) == 4


@pytest.mark.parametrize("env", [None, ENVIRONMENT])
def test_a_customers_key_encrypts_table_and_queues(env: Any):
    stack = new_stack(env=env)
    new_timer(stack, encryption_key=kms.Key(stack, "Key"))
    template = template_of(stack)
    assert the(template, TABLE, "Timer")["SSESpecification"]["SSEType"] == "KMS"
    keys = [json.dumps(queue["KmsMasterKeyId"]) for queue in resources(template, QUEUE).values()]
    assert ['"Key' in key for key in keys] == [True] * 4


# --- stacks ---------------------------------------------------------------------------------------


def test_two_timers_fit_into_one_stack():
    stack = new_stack()
    new_timer(stack, "One")
    new_timer(stack, "Other")
    template = template_of(stack)
    names = {
        function["Environment"]["Variables"].get("CDK_STREAMER_NAME")
        for function in resources(template, FUNCTION).values()
    }
    assert names - {None} == {"Reports/One", "Reports/Other"}


def test_a_timer_fits_into_a_nested_stack():
    nested = NestedStack(new_stack(), "Nested")
    new_timer(nested)
    assert len(resources(template_of(nested), FUNCTION)) == 4


def test_table_and_callback_may_be_in_another_stack():
    app = App(context=WITHOUT_ASSETS)
    stack, theirs = Stack(app, "Reports"), Stack(app, "Theirs")
    new_timer(stack, table=fitting_table(theirs), callback=new_function(theirs, "Call"))
    source = the(template_of(theirs), FUNCTION, "Call")["Environment"]["Variables"]
    assert source["CDK_STREAMER_TIMER_NAME"] == "Reports/Timer"


def test_what_a_timer_is_made_of_can_be_removed_with_it():
    stack = new_stack()
    new_timer(stack, removal_policy=RemovalPolicy.DESTROY)
    found = template_of(stack)["Resources"].values()
    kept = {resource["Type"] for resource in found if resource.get("DeletionPolicy") == "Retain"}
    assert kept == set()


def test_everything_can_be_asked_for_at_once():
    assert variables(full_timer_template(), "TimerApiHandler")["CDK_STREAMER_ISOLATE_OWNERS"] == "1"


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"shards": 0}, "shards must be a power of two, 1 to 4096, got 0"),
        ({"shards": 12}, "shards must be a power of two"),
        ({"shards": 8192}, "shards must be a power of two"),
        ({"look_ahead": Duration.seconds(59)}, "look_ahead must be 60 to 840"),
        ({"look_ahead": Duration.minutes(15)}, "look_ahead must be 60 to 840"),
        ({"batch_size": 0}, "batch_size must be 1 to 10, got 0"),
        ({"batch_size": 11}, "batch_size must be 1 to 10, got 11"),
        ({"max_concurrency": 1}, "max_concurrency must be 2 to 1000, got 1"),
        ({"callback_timeout": Duration.minutes(16)}, "callback_timeout must be 1 to 900"),
        ({"stage_name": "a/b"}, "stage_name must be letters"),
        ({"memory_size": 64}, "memory_size must be 128 to 10240 MB"),
        ({"environment": {"CDK_STREAMER_NAME": "x"}}, "cannot set CDK_STREAMER_NAME"),
        ({"handlers": "nowhere"}, "handlers must be a folder, got 'nowhere'"),
        ({"handlers": INLINE}, "entry_point='handlers.timers:handler'"),
        ({"entry_point": "handlers.nothing:handler"}, "there is no module 'handlers.nothing'"),
    ],
)
def test_a_bad_argument_is_refused(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    with pytest.raises(ValueError, match=remedy):
        new_timer(stack, **settings)
    assert stack.node.children == []


def test_a_folder_without_timers_is_refused(tmp_path: Path):
    (tmp_path / "handlers").mkdir()
    with pytest.raises(
        ValueError, match=r"create handlers/timers.py with a function named handler"
    ):
        new_timer(new_stack(), handlers=tmp_path / "handlers")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"handlers": HANDLERS}, "callback and handlers exclude each other"),
        ({"memory_size": 256}, "memory_size given without handlers"),
        ({"callback_timeout": Duration.seconds(5)}, "'Reports/Mine' has its own; leave it out"),
    ],
)
def test_what_does_not_go_with_a_callback_is_refused(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    callback = new_function(stack, "Mine")
    with pytest.raises(ValueError, match=remedy):
        new_timer(stack, callback=callback, **settings)
    assert [child.node.id for child in stack.node.children] == ["Mine"]


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ({"shards": 512}, "each of the 512 shards is woken twice a minute"),
        ({"look_ahead": Duration.seconds(90)}, "look_ahead is 90 seconds"),
    ],
)
def test_what_is_legal_but_unwise_is_warned_of(settings: dict[str, Any], warning: str):
    stack = new_stack()
    new_timer(stack, **settings)
    Annotations.from_stack(stack).has_warning("/Reports/Timer", Match.string_like_regexp(warning))


def test_the_defaults_are_wise():
    stack = new_stack()
    new_timer(stack)
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []
