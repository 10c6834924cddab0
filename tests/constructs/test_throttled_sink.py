"""What a ThrottledSink deploys: a queue, what delivers its messages, and what watches over both."""

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
    aws_ec2 as ec2,
    aws_kms as kms,
    aws_lambda as lambda_,
)
from aws_cdk.assertions import Annotations, Match

from cdk_streamer import CircuitBreaker, Idempotency, RateLimit, Redrive, ThrottledSink
from cdk_streamer_runtime.contract.sinks import (
    MAX_RECEIVES,
    SINK_METADATA,
    SinkControllerEnvironment,
    SinkEnvironment,
)
from tests.constructs.stacks import (
    ENVIRONMENT,
    WITHOUT_ASSETS,
    bare_sink,
    full_sink_template,
    new_sink,
    new_stack,
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
TABLE, SCHEDULE, RULE = "AWS::DynamoDB::Table", "AWS::Scheduler::Schedule", "AWS::Events::Rule"
INLINE = lambda_.Code.from_inline("sink = None")
DAY = 24 * 3_600


def sink_template(**settings: Any) -> dict[str, Any]:
    stack = new_stack()
    bare_sink(stack, **settings)
    return template_of(stack)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_sink(stack)
    return template_of(stack)


# --- what delivers --------------------------------------------------------------------------------


def test_concurrency_is_the_event_sources_and_never_reserved(template: dict[str, Any]):
    source = the(template, SOURCE, "LedgerDelivery")
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["BatchSize"] == 10
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    functions = resources(template, FUNCTION).values()
    assert not any("ReservedConcurrentExecutions" in function for function in functions)


@pytest.mark.parametrize("most", [2, 1_000])
def test_a_sink_delivers_so_many_batches_at_once(most: int):
    source = the(sink_template(max_concurrency=most), SOURCE, "LedgerDelivery")
    assert source["ScalingConfig"] == {"MaximumConcurrency": most}


def test_one_at_a_time_is_a_fifo_queue_of_one_group():
    template = sink_template(max_concurrency=1, fifo=True)
    assert "ScalingConfig" not in the(template, SOURCE, "LedgerDelivery")
    assert the(template, QUEUE, "LedgerMessagesQueue")["FifoQueue"] is True


def test_nothing_says_whether_polling_is_on_since_the_controller_does(template: dict[str, Any]):
    assert "Enabled" not in the(template, SOURCE, "LedgerDelivery")


@pytest.mark.parametrize(
    ("batch_size", "timeout", "visibility"), [(10, 60, 360), (1, 60, 120), (2, 810, 4_860)]
)
def test_messages_are_hidden_for_as_long_as_a_delivery_may_take(
    batch_size: int, timeout: int, visibility: int
):
    template = sink_template(batch_size=batch_size, timeout=Duration.seconds(timeout))
    assert the(template, QUEUE, "LedgerMessagesQueue")["VisibilityTimeout"] == visibility
    assert the(template, FUNCTION, "LedgerDelivery")["Timeout"] == timeout


def test_the_function_reads_what_the_user_said():
    template = sink_template(
        rate_limit=RateLimit.per_minute(1_200),
        batch_size=5,
        idempotency=Idempotency(remember=Duration.hours(2)),
        circuit_breaker=CircuitBreaker(
            failures=3,
            share_percent=20,
            window=Duration.minutes(2),
            pause=Duration.seconds(10),
            longest_pause=Duration.minutes(20),
        ),
        fifo=True,
    )
    told = SinkEnvironment.from_variables(texts(variables(template, "LedgerDelivery")))
    assert (told.sink_name, told.entry_point) == ("Reports/Ledger", "handlers.sink:sink")
    assert (told.batch_size, told.timeout_seconds, told.fifo) == (5, 60, True)
    assert (told.rate, told.remember_seconds) == (20, 7_200)
    assert (told.breaker_failures, told.breaker_share_percent) == (3, 20)
    assert (told.breaker_window_seconds, told.breaker_pause_seconds) == (120, 10)
    assert (told.breaker_longest_pause_seconds, told.breaker_probe_seconds) == (1_200, 90)


def test_the_function_knows_its_queues_and_its_table(template: dict[str, Any]):
    told = variables(template, "LedgerDelivery")
    assert refs(told) == {
        "CDK_STREAMER_CONTROLLER_QUEUE_URL": "LedgerCommandsQueue",
        "CDK_STREAMER_QUEUE_URL": "LedgerMessagesQueue",
        "CDK_STREAMER_REJECTED_QUEUE_URL": "LedgerRejected",
        "CDK_STREAMER_TABLE_NAME": "LedgerTable",
    }


def test_by_default_there_is_a_breaker_and_no_limit(template: dict[str, Any]):
    told = SinkEnvironment.from_variables(texts(variables(template, "LedgerDelivery")))
    assert told.breaker_failures == 5
    assert told.rate is told.remember_seconds is None


def test_code_of_the_users_is_run_by_the_runtime():
    template = sink_template(handlers=INLINE, entry_point="index:sink", memory_size=1_024)
    function = the(template, FUNCTION, "LedgerDelivery")
    assert function["Handler"] == "cdk_streamer_runtime.handlers.sink.handler"
    assert function["MemorySize"] == 1_024
    assert variables(template, "LedgerDelivery")["CDK_STREAMER_ENTRY_POINT"] == "index:sink"


# --- queues and table -----------------------------------------------------------------------------


def test_in_order_the_function_gives_up_what_failed_and_the_queue_is_a_net():
    template = full_sink_template()
    queue = the(template, QUEUE, "LedgerMessagesQueue")
    told = variables(template, "LedgerDelivery")
    assert told["CDK_STREAMER_MAX_RECEIVE_COUNT"] == "10"
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 100
    assert refs(told)["CDK_STREAMER_DEAD_LETTER_QUEUE_URL"] == "LedgerMessagesDeadLetters"


def test_the_net_of_a_queue_in_order_is_as_large_as_it_can_be():
    template = sink_template(fifo=True, max_receive_count=200)
    queue = the(template, QUEUE, "LedgerMessagesQueue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 1_000


def test_a_message_is_tried_ten_times_and_kept_longer_than_it_waits(template: dict[str, Any]):
    queue = the(template, QUEUE, "LedgerMessagesQueue")
    dead = the(template, QUEUE, "LedgerMessagesDeadLetters")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES == 10
    assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0].startswith(
        "LedgerMessagesDeadLetters"
    )
    assert (queue["MessageRetentionPeriod"], dead["MessageRetentionPeriod"]) == (7 * DAY, 14 * DAY)


def test_rejected_messages_are_apart_from_dead_letters(template: dict[str, Any]):
    rejected = the(template, QUEUE, "LedgerRejected")
    assert rejected["MessageRetentionPeriod"] == 14 * DAY
    assert "RedrivePolicy" not in rejected
    assert "LedgerRejected" not in json.dumps(the(template, QUEUE, "LedgerMessagesQueue"))


def test_the_controllers_queue_has_dead_letters_of_its_own(template: dict[str, Any]):
    queue = the(template, QUEUE, "LedgerCommandsQueue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 20
    assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0].startswith(
        "LedgerCommandsDeadLetters"
    )


def test_every_queue_is_encrypted_and_reached_by_tls_alone(template: dict[str, Any]):
    queues = resources(template, QUEUE)
    policies = json.dumps(resources(template, "AWS::SQS::QueuePolicy"))
    assert [queue["SqsManagedSseEnabled"] for queue in queues.values()] == [True] * 5
    assert policies.count('"aws:SecureTransport": "false"') == len(queues)


def test_in_order_all_that_holds_messages_does(template: dict[str, Any]):
    queues = resources(full_sink_template(), QUEUE)
    assert {name[:-8] for name, queue in queues.items() if queue.get("FifoQueue")} == {
        "LedgerMessagesQueue",
        "LedgerMessagesDeadLetters",
        "LedgerRejected",
    }
    assert not any("FifoQueue" in queue for queue in resources(template, QUEUE).values())


def test_the_table_is_small_and_stays(template: dict[str, Any]):
    table = the(template, TABLE, "Ledger")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table.keys().isdisjoint({"StreamSpecification", "GlobalSecondaryIndexes"})


def test_what_a_sink_is_made_of_can_be_removed_with_it():
    found = sink_template(removal_policy=RemovalPolicy.DESTROY)["Resources"].values()
    kept = {resource["Type"] for resource in found if resource.get("DeletionPolicy") == "Retain"}
    assert kept == set()


@pytest.mark.parametrize("env", [None, ENVIRONMENT])
def test_a_customers_key_encrypts_table_and_queues(env: Any):
    stack = new_stack(env=env)
    bare_sink(stack, encryption_key=kms.Key(stack, "Key"))
    template = template_of(stack)
    assert the(template, TABLE, "Ledger")["SSESpecification"]["SSEType"] == "KMS"
    keys = [json.dumps(queue["KmsMasterKeyId"]) for queue in resources(template, QUEUE).values()]
    assert ['"Key' in key for key in keys] == [True] * 5


# --- the controller -------------------------------------------------------------------------------


def test_the_controller_knows_the_mapping_and_nobody_knows_the_controller(
    template: dict[str, Any],
):
    told = variables(template, "LedgerController")
    assert told["CDK_STREAMER_MAPPING_ID"]["Ref"].startswith("LedgerDeliverySource")
    assert told["CDK_STREAMER_FUNCTION_ARN"]["Fn::GetAtt"][0].startswith("LedgerDeliveryFunction")
    delivering = {
        name: resource
        for name, resource in template["Resources"].items()
        if name.startswith(("LedgerDelivery", "LedgerMessages", "LedgerCommands", "LedgerRejected"))
    }
    referred = json.dumps([resource.get("Properties") for resource in delivering.values()])
    assert '"LedgerController' not in referred
    assert '"LedgerDeliverySource' not in referred


def test_the_controller_takes_one_thing_after_the_other(template: dict[str, Any]):
    source = the(template, SOURCE, "LedgerController")
    assert source["EventSourceArn"]["Fn::GetAtt"][0].startswith("LedgerCommandsQueue")
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("timeout", [10, 60, 810])
def test_the_controller_outlives_a_probe_and_its_message_the_controller(timeout: int):
    template = sink_template(timeout=Duration.seconds(timeout), batch_size=1)
    told = SinkControllerEnvironment.from_variables(texts(variables(template, "LedgerController")))
    controller = the(template, FUNCTION, "LedgerController")["Timeout"]
    assert timeout < told.breaker_probe_seconds < controller <= 900
    assert the(template, QUEUE, "LedgerCommandsQueue")["VisibilityTimeout"] > controller


def test_the_controller_looks_every_five_minutes(template: dict[str, Any]):
    schedule = the(template, SCHEDULE, "LedgerController")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert json.loads(schedule["Target"]["Input"]) == {"command": "reconcile"}


def test_the_controller_looks_after_every_deployment_of_its_stack(template: dict[str, Any]):
    rule = the(template, RULE, "LedgerController")
    detail = rule["EventPattern"]["detail"]
    (target,) = rule["Targets"]
    assert rule["EventPattern"]["source"] == ["aws.cloudformation"]
    assert rule["EventPattern"]["detail-type"] == ["CloudFormation Stack Status Change"]
    assert detail["stack-id"] == [{"Ref": "AWS::StackId"}]
    assert {"UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"} < {*detail["status-details"]["status"]}
    assert json.loads(target["Input"]) == {"command": "reconcile"}


def test_that_rule_alone_may_invoke_the_controller(template: dict[str, Any]):
    (permission,) = resources(template, "AWS::Lambda::Permission").values()
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["FunctionName"]["Fn::GetAtt"][0].startswith("LedgerControllerFunction")
    assert permission["SourceArn"]["Fn::GetAtt"][0].startswith("LedgerControllerDeployments")


def test_lambda_takes_neither_function_for_a_loop(template: dict[str, Any]):
    loops = [function["RecursiveLoop"] for function in resources(template, FUNCTION).values()]
    assert loops == ["Allow", "Allow"]


def test_dead_letters_go_back_at_a_bounded_rate():
    told = variables(sink_template(redrive=Redrive.per_second(3)), "LedgerController")
    assert told["CDK_STREAMER_REDRIVE_PER_SECOND"] == "3"
    assert told["CDK_STREAMER_DEAD_LETTER_QUEUE_ARN"]["Fn::GetAtt"][0].startswith(
        "LedgerMessagesDeadLetters"
    )


def test_without_a_breaker_operators_can_still_pause_and_redrive():
    template = sink_template(circuit_breaker=None)
    delivering, controlling = (
        variables(template, name) for name in ("LedgerDelivery", "LedgerController")
    )
    assert "CDK_STREAMER_BREAKER_FAILURES" not in {*delivering, *controlling}
    assert "CDK_STREAMER_CONTROLLER_QUEUE_URL" not in delivering
    assert "CDK_STREAMER_MAPPING_ID" in controlling


# --- where it runs --------------------------------------------------------------------------------


def network(stack: Stack) -> ec2.IVpc:
    return ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)


def test_the_function_reaches_a_network_that_the_controller_does_not():
    stack = new_stack()
    bare_sink(stack, vpc=network(stack))
    template = template_of(stack)
    inside = the(template, FUNCTION, "LedgerDelivery")["VpcConfig"]
    assert inside["SecurityGroupIds"][0]["Fn::GetAtt"][0].startswith("LedgerDeliveryFunction")
    assert "VpcConfig" not in the(template, FUNCTION, "LedgerController")


def test_groups_and_subnets_may_be_the_users():
    stack = new_stack()
    vpc = network(stack)
    group = ec2.SecurityGroup(stack, "ToTheLedger", vpc=vpc)
    subnets = ec2.SubnetSelection(subnets=vpc.private_subnets[:1])
    bare_sink(stack, vpc=vpc, security_groups=(group,), vpc_subnets=subnets)
    inside = the(template_of(stack), FUNCTION, "LedgerDelivery")["VpcConfig"]
    assert [each["Fn::GetAtt"][0][:11] for each in inside["SecurityGroupIds"]] == ["ToTheLedger"]
    assert len(inside["SubnetIds"]) == 1


def test_no_group_at_all_is_refused():
    stack = new_stack()
    vpc = network(stack)
    with pytest.raises(ValueError, match="security_groups is empty; name one, or leave it out"):
        bare_sink(stack, vpc=vpc, security_groups=[])


def test_a_database_lets_the_function_in():
    stack = new_stack()
    vpc = network(stack)
    database = ec2.SecurityGroup(stack, "Database", vpc=vpc)
    sink = bare_sink(stack, vpc=vpc)
    database.connections.allow_from(sink.function, ec2.Port.tcp(5432))
    rule = the(template_of(stack), "AWS::EC2::SecurityGroupIngress", "Database")
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)


# --- tools and stacks -----------------------------------------------------------------------------


def test_tools_find_in_the_template_what_belongs_together(template: dict[str, Any]):
    (found,) = (
        resource["Metadata"][SINK_METADATA]
        for resource in template["Resources"].values()
        if SINK_METADATA in resource.get("Metadata", {})
    )
    types = {
        part: template["Resources"][id]["Type"] for part, id in found.items() if part != "name"
    }
    assert found["name"] == "Reports/Ledger"
    assert types == {
        "function": FUNCTION,
        "controller": FUNCTION,
        "queue": QUEUE,
        "dead_letters": QUEUE,
        "rejected": QUEUE,
    }
    assert {part: id[:-8] for part, id in found.items() if part != "name"} == {
        "function": "LedgerDeliveryFunction",
        "controller": "LedgerControllerFunction",
        "queue": "LedgerMessagesQueue",
        "dead_letters": "LedgerMessagesDeadLetters",
        "rejected": "LedgerRejected",
    }


def test_the_children_are_attributes():
    sink = bare_sink(new_stack())
    paths = {
        sink.queue: "Messages/Queue",
        sink.dead_letter_queue: "Messages/DeadLetters",
        sink.rejected_queue: "Rejected",
        sink.controller_queue: "Commands/Queue",
        sink.controller_dead_letter_queue: "Commands/DeadLetters",
        sink.function: "Delivery/Function",
        sink.event_source: "Delivery/Source",
        sink.controller: "Controller/Function",
        sink.table: "Table",
        sink.runtime_layer: "Runtime",
    }
    assert {child.node.path for child in paths} == {f"Reports/Ledger/{p}" for p in paths.values()}


def test_two_sinks_fit_into_one_stack():
    stack = new_stack()
    bare_sink(stack, "One")
    bare_sink(stack, "Other")
    names = {
        function["Environment"]["Variables"]["CDK_STREAMER_SINK_NAME"]
        for function in resources(template_of(stack), FUNCTION).values()
    }
    assert names == {"Reports/One", "Reports/Other"}


def test_a_sink_fits_into_a_nested_stack_and_watches_that_one():
    nested = NestedStack(new_stack(), "Nested")
    bare_sink(nested)
    rule = the(template_of(nested), RULE, "Ledger")
    assert rule["EventPattern"]["detail"]["stack-id"] == [{"Ref": "AWS::StackId"}]


def test_a_database_in_another_stack_is_reached():
    app = App(context=WITHOUT_ASSETS)
    theirs, stack = Stack(app, "Theirs"), Stack(app, "Reports")
    bare_sink(stack, vpc=network(theirs))
    inside = the(template_of(stack), FUNCTION, "LedgerDelivery")["VpcConfig"]
    assert "Fn::ImportValue" in inside["SubnetIds"][0]


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"max_concurrency": 0}, "max_concurrency must be 1 to 1000, got 0; leave it out for 2"),
        ({"max_concurrency": 1_001}, "max_concurrency must be 1 to 1000"),
        ({"max_concurrency": "2"}, "max_concurrency must be a whole number, got '2'"),
        ({"max_concurrency": 1}, "pass fifo=True, .* or use 2"),
        (
            {"max_concurrency": 1, "fifo": True, "ordered_by": "account"},
            "'account' makes many; leave ordered_by out, .* or use max_concurrency=2",
        ),
        ({"batch_size": 0}, "batch_size must be 1 to 10, got 0; leave it out for 10"),
        ({"batch_size": 11}, "batch_size must be 1 to 10, got 11"),
        ({"timeout": Duration.seconds(9)}, "timeout must be 10 to 900"),
        ({"timeout": Duration.minutes(16)}, "timeout must be 10 to 900"),
        ({"timeout": 60}, r"timeout must be a Duration, got 60; pass such as Duration.seconds"),
        (
            {"timeout": Duration.seconds(811)},
            "at most 810 seconds with a circuit breaker, .* got 811; .* circuit_breaker=None",
        ),
        (
            {"max_receive_count": 9},
            "at least 10 with a circuit breaker, got 9: .* leave it out, or pass circuit_breaker=",
        ),
        ({"max_receive_count": 0}, "max_receive_count must be at least 10|must be 1 to 1000"),
        (
            {"circuit_breaker": CircuitBreaker(failures=6)},
            "at most half of max_receive_count, got 6 of 10: .* to 5, or raise .* to 12",
        ),
        ({"max_receive_count": 1_001}, "max_receive_count must be 1 to 1000, got 1001"),
        ({"max_receive_count": 0, "circuit_breaker": None}, "max_receive_count must be 1 to 1000"),
        ({"fifo": "yes"}, "fifo must be True or False, got 'yes'"),
        ({"ordered_by": "account"}, "ordered_by='account' needs a FIFO queue; pass fifo=True"),
        ({"ordered_by": "", "fifo": True}, "ordered_by must name a member .*, got ''; write such"),
        ({"rate_limit": 50}, r"of type RateLimit, got 50; write rate_limit=RateLimit.per_second"),
        ({"circuit_breaker": True}, "of type CircuitBreaker, got True; .* or None"),
        ({"idempotency": Duration.days(1)}, r"write idempotency=Idempotency\(remember="),
        ({"redrive": 10}, r"write redrive=Redrive.per_second\(10\), or None"),
        ({"memory_size": 64}, "memory_size must be 128 to 10240 MB"),
        ({"environment": {"CDK_STREAMER_RATE": "1"}}, "cannot set CDK_STREAMER_RATE"),
        ({"handlers": "nowhere"}, "handlers must be a folder, got 'nowhere'"),
        ({"handlers": INLINE}, "entry_point='handlers.sink:sink'"),
        ({"entry_point": "handlers.nothing:sink"}, "there is no module 'handlers.nothing'"),
        ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets given without vpc; pass vpc"),
        ({"security_groups": []}, "security_groups given without vpc; pass vpc, or leave it out"),
    ],
)
def test_a_bad_argument_is_refused(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    with pytest.raises(ValueError, match=remedy):
        new_sink(stack, **settings)
    assert stack.node.children == []


@pytest.mark.parametrize(
    ("settings", "rate", "remedy"),
    [
        (
            {},
            RateLimit.per_minute(30),
            (
                r"2 x batch_size 10 at 0.5 a second take 40 seconds, more than half .* of 60, .* "
                r"lower batch_size to 7, or raise timeout to Duration.seconds\(80\), or raise rate"
            ),
        ),
        (
            {"max_concurrency": 100},
            RateLimit.per_second(2),
            "take 500 seconds, .* lower max_concurrency, or raise rate_limit",
        ),
        (
            {"max_concurrency": 1, "fifo": True, "circuit_breaker": None},
            RateLimit.per_hour(90),
            r"take 400 seconds, .* tried; raise timeout to Duration.seconds\(800\), or raise rate",
        ),
    ],
)
def test_a_rate_at_which_batches_would_wait_too_long_is_refused(
    settings: dict[str, Any], rate: RateLimit, remedy: str
):
    stack = new_stack()
    with pytest.raises(ValueError, match=remedy):
        new_sink(stack, rate_limit=rate, **settings)
    assert stack.node.children == []


@pytest.mark.parametrize(
    "settings",
    [
        {"rate_limit": RateLimit.per_minute(40)},
        {"rate_limit": RateLimit.per_minute(30), "batch_size": 7},
        {"rate_limit": RateLimit.per_minute(30), "timeout": Duration.seconds(80)},
    ],
)
def test_a_rate_at_which_the_last_batch_waits_half_of_the_timeout_is_not(settings: dict[str, Any]):
    assert isinstance(bare_sink(new_stack(), **settings), ThrottledSink)


def test_a_rate_that_one_item_cannot_count_is_refused():
    with pytest.raises(ValueError, match="takes 1,000 writes a second; raise batch_size to 3"):
        new_sink(new_stack(), rate_limit=RateLimit.per_second(2_500), batch_size=1)


def test_without_a_breaker_a_delivery_may_take_a_quarter_of_an_hour():
    template = sink_template(circuit_breaker=None, timeout=Duration.minutes(15))
    assert the(template, FUNCTION, "LedgerDelivery")["Timeout"] == 900
    assert the(template, FUNCTION, "LedgerController")["Timeout"] == 900


def test_without_a_breaker_fewer_receives_are_the_users_choice():
    template = sink_template(circuit_breaker=None, max_receive_count=5)
    queue = the(template, QUEUE, "LedgerMessagesQueue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_a_folder_without_a_sink_is_refused(tmp_path: Path):
    (tmp_path / "handlers").mkdir()
    with pytest.raises(ValueError, match=r"create handlers/sink.py with a Sink named sink"):
        new_sink(new_stack(), handlers=tmp_path / "handlers")


def test_few_receives_are_warned_of():
    stack = new_stack()
    bare_sink(stack, circuit_breaker=None, max_receive_count=2)
    Annotations.from_stack(stack).has_warning(
        "/Reports/Ledger", Match.string_like_regexp("given up after 2 receives")
    )


def test_the_defaults_are_wise():
    stack = new_stack()
    new_sink(stack)
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def texts(told: dict[str, Any]) -> dict[str, str]:
    """Give variables as they are when the stack is deployed, near enough."""
    return {name: value if isinstance(value, str) else "?" for name, value in told.items()}


def refs(told: dict[str, Any]) -> dict[str, str]:
    return {name: value["Ref"][:-8] for name, value in told.items() if isinstance(value, dict)}
