"""What a processor is made of, what it keeps, and what users bring instead."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from aws_cdk import (
    Duration,
    NestedStack,
    RemovalPolicy,
    aws_dynamodb as dynamodb,
    aws_events as events,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
    aws_secretsmanager as secretsmanager,
    aws_sqs as sqs,
)
from aws_cdk.assertions import Annotations, Match

from cdk_streamer import StreamProcessor, StreamResource
from cdk_streamer_runtime.contract.streams import StreamEnvironment
from tests.constructs.stacks import (
    HANDLERS,
    actions,
    as_list,
    bare_processor,
    full_processor,
    full_processor_template,
    new_bus_source,
    new_resources,
    new_source,
    new_stack,
    resources,
    statements,
    template_of,
    the,
    variables,
)

BUS, BUCKET, FUNCTION = "AWS::Events::EventBus", "AWS::S3::Bucket", "AWS::Lambda::Function"
QUEUE, ROLE, RULE = "AWS::SQS::Queue", "AWS::IAM::Role", "AWS::Events::Rule"
TABLE, POLICY = "AWS::DynamoDB::Table", "AWS::SQS::QueuePolicy"
KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/one"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    bare_processor(stack)
    return template_of(stack)


def refused(remedy: str, **settings: Any) -> None:
    """Make a processor that cannot be, and look at what is left of it."""
    stack = new_stack()
    source = settings.pop("source", None) or new_source(stack)
    before = [child.node.id for child in stack.node.children]
    with pytest.raises(ValueError, match=remedy):
        StreamProcessor(stack, "Listener", **{"source": source, "handlers": HANDLERS, **settings})
    assert [child.node.id for child in stack.node.children] == before


# --- the function ---------------------------------------------------------------------------------


def test_handlers_become_the_function(template: dict[str, Any]):
    function = the(template, FUNCTION, "Listener")
    assert function["Handler"] == "handlers.streams.handler"
    assert (function["Timeout"], function["MemorySize"]) == (60, 512)
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert len(function["Layers"]) == 1


def test_the_function_is_told_what_it_reads_and_where_things_are(template: dict[str, Any]):
    text = json.dumps(variables(template, "Listener"))
    written = {name: str(value) for name, value in json.loads(text).items()}
    told = StreamEnvironment.from_variables(written)
    assert (told.stream_name, told.source_kind) == ("Reports/Listener", "kinesis")


def test_addresses_are_json_by_the_names_that_steps_have():
    parts = variables(full_processor_template(), "Everything")["CDK_STREAMER_RESOURCES"]["Fn::Join"]
    text = "".join(part if isinstance(part, str) else "<token>" for part in parts[1])
    told = json.loads(text)
    assert list(told) == sorted(told)
    assert told["orders"].endswith("/123456789012/orders")
    assert told["news"] == "arn:aws:sns:eu-west-1:123456789012:news"
    assert (told["bus"], told["reports"], told["other"]) == ("things", "reports", "other")
    assert told["table"] == told["claims"] == "<token>"


def test_tools_find_the_rules_in_the_template(template: dict[str, Any]):
    (metadata,) = (
        resource["Metadata"]
        for resource in template["Resources"].values()
        if resource["Type"] == FUNCTION
    )
    assert metadata["cdk-streamer:stream"] == "Reports/Listener"
    rules = metadata["cdk-streamer:rules"]["rules"]
    assert [(rule["id"], rule["kind"]) for rule in rules] == [
        ("view", "materialize"),
        ("tell", "cdc"),
    ]


def test_the_parts_are_attributes():
    processor = full_processor()
    paths = {
        name: getattr(processor, name).node.path.removeprefix("Reports/")
        for name in ("function", "event_source", "table", "claims", "fault_queue", "queue")
    }
    assert paths == {
        "function": "Everything/Processor/Function",
        "event_source": "Everything/Processor/Source",
        "table": "Everything/Table",
        "claims": "Everything/Claims",
        "fault_queue": "Everything/Faults/Queue",
        "queue": "Everything/Subscription/Events/Queue",
    }
    assert processor.dead_letters is not None
    assert processor.failures is None
    assert processor.bus.event_bus_name == "things"


# --- what is kept ---------------------------------------------------------------------------------


def test_a_table_is_made_when_rules_use_it(template: dict[str, Any]):
    table = the(template, TABLE, "ListenerTable")
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["DeletionProtectionEnabled"] is True
    assert "GlobalSecondaryIndexes" not in table


def test_without_a_use_there_is_no_table():
    stack = new_stack()
    processor = bare_processor(stack, grants={"bus": ["events:PutEvents"]})
    assert resources(template_of(stack), TABLE) == {}
    with pytest.raises(ValueError, match="no rule of 'Reports/Listener' uses a table"):
        _ = processor.table


def test_objects_are_private_and_expire_after_what_names_them(template: dict[str, Any]):
    bucket = the(template, BUCKET, "ListenerClaims")
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    retained = the(template, QUEUE, "ListenerFaultsQueue")["MessageRetentionPeriod"]
    assert rule["ExpirationInDays"] * 86_400 > retained
    assert bucket["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is True


def test_faults_of_this_processor_alone_come_into_its_queue(template: dict[str, Any]):
    rule = the(template, RULE, "ListenerFaults")
    assert rule["EventPattern"] == {"source": ["Reports/Listener"], "detail-type": ["fault"]}
    (target,) = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("ListenerFaultsQueue")
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith("ListenerFaultsDead")


@pytest.mark.parametrize("name", ["ListenerFaultsQueue", "ListenerFaultsDeadLetters"])
def test_the_rule_of_faults_and_nobody_else_may_send(template: dict[str, Any], name: str):
    policy = the(template, POLICY, f"{name}Policy")["PolicyDocument"]["Statement"]
    (allowed,) = (statement for statement in policy if statement["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    (source,) = allowed["Condition"]["ArnEquals"].values()
    assert source["Fn::GetAtt"][0].startswith("ListenerFaultsRule")


def test_faults_wait_for_two_weeks_however_often_they_are_looked_at(template: dict[str, Any]):
    queue = the(template, QUEUE, "ListenerFaultsQueue")
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    assert "RedrivePolicy" not in queue


@pytest.mark.parametrize("kind", [TABLE, BUCKET, "AWS::Logs::LogGroup"])
def test_what_is_kept_stays(template: dict[str, Any], kind: str):
    found = [each for each in template["Resources"].values() if each["Type"] == kind]
    assert {each["DeletionPolicy"] for each in found} == {"Retain"}


def test_what_is_kept_may_go():
    stack = new_stack()
    bare_processor(stack, removal_policy=RemovalPolicy.DESTROY)
    template = template_of(stack)
    assert the(template, TABLE, "Listener")["DeletionProtectionEnabled"] is False
    kept = {TABLE, BUCKET, "AWS::Logs::LogGroup"}
    policies = {e["DeletionPolicy"] for e in template["Resources"].values() if e["Type"] in kept}
    assert policies == {"Delete"}


# --- brought --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def brought() -> dict[str, Any]:
    stack = new_stack()
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    bare_processor(
        stack,
        table=dynamodb.Table(stack, "Mine", partition_key=key),
        bus=events.EventBus(stack, "MyBus"),
        claims=s3.Bucket(stack, "MyBucket"),
        fault_queue=sqs.Queue(stack, "MyFaults"),
    )
    return template_of(stack)


@pytest.mark.parametrize(
    ("kind", "names"),
    [(TABLE, ["Mine"]), (BUS, ["MyBu"]), (BUCKET, ["MyBu"])],
)
def test_what_users_bring_takes_the_place_of_ours(
    brought: dict[str, Any], kind: str, names: list[str]
):
    assert [name[:4] for name in resources(brought, kind)] == names


def test_faults_come_into_the_users_queue(brought: dict[str, Any]):
    (target,) = the(brought, RULE, "ListenerFaults")["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("MyFaults")
    assert "events.amazonaws.com" in json.dumps(the(brought, POLICY, "MyFaultsPolicy"))


def test_the_bus_of_the_source_takes_faults_too():
    stack = new_stack()
    bare_processor(stack, source=new_bus_source(stack))
    template = template_of(stack)
    assert resources(template, BUS) == {}
    assert the(template, RULE, "ListenerFaults")["EventBusName"] == "things"


def test_a_queue_that_was_imported_is_warned_of():
    stack = new_stack()
    arn = "arn:aws:sqs:eu-west-1:123456789012:faults"
    bare_processor(stack, fault_queue=sqs.Queue.from_queue_arn(stack, "Theirs", arn))
    Annotations.from_stack(stack).has_warning(
        "/Reports/Listener/Faults", Match.string_like_regexp("'Reports/Theirs' cannot be changed")
    )


def test_a_key_of_ones_own_encrypts_all_that_is_made():
    stack = new_stack()
    bare_processor(stack, encryption_key=kms.Key(stack, "Key"))
    template = template_of(stack)
    queues = resources(template, QUEUE).values()
    assert all("KmsMasterKeyId" in queue for queue in queues)
    assert the(template, TABLE, "Listener")["SSESpecification"]["SSEType"] == "KMS"
    assert "aws:kms" in json.dumps(the(template, BUCKET, "Listener"))
    (service,) = the(template, "AWS::KMS::Key", "Key")["KeyPolicy"]["Statement"][1:]
    assert service["Principal"] == {"Service": "events.amazonaws.com"}


def test_a_key_that_was_imported_is_warned_of():
    stack = new_stack()
    bare_processor(stack, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    Annotations.from_stack(stack).has_warning(
        "/Reports/Listener/Faults",
        Match.string_like_regexp("let it allow events.amazonaws.com kms:Decrypt"),
    )


# --- resources ------------------------------------------------------------------------------------


def test_objects_of_a_bucket_are_reached_below_its_prefix_alone():
    role = the(full_processor_template(), ROLE, "EverythingProcessor")
    arns = {
        arn
        for statement in statements(role)
        for arn in as_list(statement["Resource"])
        if isinstance(arn, str) and ":s3:" in arn
    }
    # The bucket itself is for ListBucket alone: without it a missing object looks forbidden.
    assert arns == {"arn:aws:s3:::reports", "arn:aws:s3:::reports/daily/*"}


def test_schedules_act_as_the_role_that_is_named():
    role = the(full_processor_template(), ROLE, "EverythingProcessor")
    (passed,) = (one for one in statements(role) if one["Action"] == "iam:PassRole")
    assert passed["Resource"] == "arn:aws:iam::123456789012:role/reminder"
    assert passed["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_a_secret_may_be_known_by_its_name_alone():
    stack = new_stack()
    found = {"token": secretsmanager.Secret.from_secret_name_v2(stack, "Token", "token")}
    bare_processor(stack, resources=found, grants={"token": ["secretsmanager:GetSecretValue"]})
    role = json.dumps(the(template_of(stack), ROLE, "ListenerProcessor"))
    assert ":secret:token-??????" in role


def test_channels_are_those_of_a_socket():
    told = variables(full_processor_template(), "Everything")
    assert told["CDK_STREAMER_NAME"] == "Reports/Progress"
    assert told["CDK_STREAMER_STREAM_NAME"] == "Reports/Everything"


def test_who_uses_what_is_encrypted_may_use_its_key():
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    found = new_resources(stack, key)
    bare_processor(stack, entry_point="handlers.everything:handler", resources=found)
    role = the(template_of(stack), ROLE, "ListenerProcessor")
    of_key = {
        action
        for statement in statements(role)
        if KEY_ARN in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    assert {"kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"} <= of_key


def test_a_resource_that_no_step_names_is_warned_of_and_not_granted():
    stack = new_stack()
    bare_processor(stack, resources={"orders": sqs.Queue(stack, "Orders")})
    Annotations.from_stack(stack).has_warning(
        "/Reports/Listener", Match.string_like_regexp("no step uses 'orders' of resources")
    )
    role = json.dumps(the(template_of(stack), ROLE, "Listener"))
    assert '"Orders' not in role


def everything(**others: Any) -> dict[str, Any]:
    return {"entry_point": "handlers.everything:handler", **others}


def test_a_step_without_its_resource_is_refused():
    refused(
        r"rule 'items' uses a table named 'other', and resources has \[\]; "
        r"pass resources=\{'other'",
        **everything(),
    )


def test_a_resource_of_another_kind_is_refused():
    refused(
        "rule 'items' uses 'other' as a table, and it is a queue",
        **everything(resources={"other": sqs.Queue(new_stack(), "Orders")}),
    )


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        ({"table": None}, "'table', which is the processor's own; pass table= instead"),
        ({"two words": None}, "has the name 'two words'; begin with a letter"),
        ({"orders": "arn:aws:sqs:eu-west-1:1:orders"}, "must be a construct of one of these kinds"),
    ],
)
def test_what_is_no_resource_is_refused(found: dict[str, Any], remedy: str):
    refused(remedy, resources=found)


@pytest.mark.parametrize("prefixes", ["orders/", [], [""], ["/orders"], ["*"]])
def test_prefixes_that_mean_nothing_are_refused(prefixes: Any):
    bucket = s3.Bucket(new_stack(), "Bucket")
    with pytest.raises(ValueError, match="prefixes must be"):
        StreamResource.bucket(bucket, prefixes=prefixes)


# --- grants ---------------------------------------------------------------------------------------


def test_who_resubmits_reads_faults_and_invokes_the_function():
    stack = new_stack()
    processor = bare_processor(stack)
    role = iam.Role(stack, "Mender", assumed_by=iam.AccountRootPrincipal())  # pyright: ignore[reportArgumentType]
    assert processor.grant_resubmit(role).success
    policy = the(template_of(stack), "AWS::IAM::Policy", "Mender")["PolicyDocument"]
    granted = {action for one in policy["Statement"] for action in as_list(one["Action"])}
    assert granted == {
        *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        *("sqs:ReceiveMessage", "s3:GetObject", "lambda:InvokeFunction"),
    }


def test_code_that_nobody_here_can_read_needs_its_grants():
    code = lambda_.Code.from_inline("def handler(event, context): ...")
    refused(
        "whose rules cannot be read; pass grants=",
        handlers=code,
        entry_point="index:handler",
    )


def test_code_that_nobody_here_can_read_may_do_what_it_is_granted():
    stack = new_stack()
    bare_processor(
        stack,
        handlers=lambda_.Code.from_inline("def handler(event, context): ..."),
        entry_point="index:handler",
        resources={"orders": sqs.Queue(stack, "Orders")},
        grants={"orders": ["sqs:SendMessage"], "table": ["dynamodb:UpdateItem"]},
    )
    role = the(template_of(stack), ROLE, "ListenerProcessor")
    assert {"sqs:SendMessage", "dynamodb:UpdateItem", "events:PutEvents"} <= actions(role)
    assert "cdk-streamer:rules" not in json.dumps(template_of(stack))


def test_grants_take_the_place_of_what_rules_say():
    stack = new_stack()
    bare_processor(stack, grants={"table": ["dynamodb:PutItem"]})
    found = actions(the(template_of(stack), ROLE, "ListenerProcessor"))
    assert {name for name in found if name.startswith("dynamodb:")} == {"dynamodb:PutItem"}


@pytest.mark.parametrize(
    ("grants", "remedy"),
    [
        ({"table": "dynamodb:PutItem"}, "must be a list of IAM actions"),
        ({"table": ["dynamodb:*"]}, "without wildcards"),
        ({"table": ["PutItem"]}, "must be a list of IAM actions"),
        ({"table": []}, "must be a list of IAM actions"),
        (
            {"orders": ["sqs:SendMessage"]},
            "grants uses something named 'orders', and resources has",
        ),
    ],
)
def test_grants_that_mean_nothing_are_refused(grants: Any, remedy: str):
    refused(remedy, grants=grants)


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"timeout": Duration.minutes(16)}, "timeout must be 1 to 900 whole seconds"),
        ({"memory_size": 64}, "memory_size must be 128 to 10240 MB"),
        ({"environment": {"CDK_STREAMER_NAME": "x"}}, "belong to the runtime"),
        ({"handlers": "nowhere"}, "handlers must be a folder"),
        ({"entry_point": "handlers.absent:handler"}, "handler = app.handler of a StreamApp"),
    ],
)
def test_a_bad_argument_leaves_nothing_behind(settings: dict[str, Any], remedy: str):
    refused(remedy, **settings)


def test_two_processors_in_a_stack_are_two():
    stack = new_stack()
    bare_processor(stack)
    bare_processor(stack, "Other")
    template = template_of(stack)
    assert len(resources(template, FUNCTION)) == 2
    names = {variables(template, name)["CDK_STREAMER_STREAM_NAME"] for name in ("Lis", "Oth")}
    assert names == {"Reports/Listener", "Reports/Other"}


def test_a_processor_may_be_in_a_nested_stack(template: dict[str, Any]):
    nested = NestedStack(new_stack(), "Nested")
    bare_processor(nested)
    kinds = Counter(each["Type"] for each in template["Resources"].values())
    assert kinds == Counter(each["Type"] for each in template_of(nested)["Resources"].values())
