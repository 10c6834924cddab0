"""Tables, keys and networks that users bring."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import (
    App,
    NestedStack,
    Stack,
    aws_dynamodb as dynamodb,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
)

from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    ENVIRONMENT,
    WITHOUT_ASSETS,
    actions,
    new_api,
    new_socket,
    new_stack,
    resources,
    template_of,
    the,
)

TABLE, FUNCTION, QUEUE = "AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::SQS::Queue"
TABLE_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/mine"


def text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def fitting_table(stack: Stack, **settings: Any) -> dynamodb.Table:
    settings = {
        "partition_key": text("pk"),
        "sort_key": text("sk"),
        "time_to_live_attribute": "ttl",
        "stream": dynamodb.StreamViewType.NEW_IMAGE,
        **settings,
    }
    return dynamodb.Table(stack, "Mine", **settings)


def with_index(table: dynamodb.Table) -> dynamodb.Table:
    table.add_global_secondary_index(
        index_name="by_owner", partition_key=text("owner_key"), sort_key=text("created_key")
    )
    return table


# --- tables ---------------------------------------------------------------------------------------


def test_a_table_of_the_users_takes_the_place_of_ours():
    stack = new_stack()
    table = with_index(fitting_table(stack))
    api = new_api(stack, table=table)
    template = template_of(stack)
    assert api.socket.table is table
    assert [name[:4] for name in resources(template, TABLE)] == ["Mine"]
    source = the(template, "AWS::Lambda::EventSourceMapping", "ApiDispatcher")
    assert source["EventSourceArn"]["Fn::GetAtt"][0].startswith("Mine")


def test_a_global_table_fits_too():
    stack = new_stack()
    table = dynamodb.TableV2(
        stack,
        "Mine",
        partition_key=text("pk"),
        sort_key=text("sk"),
        time_to_live_attribute="ttl",
        dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,
        global_secondary_indexes=[
            dynamodb.GlobalSecondaryIndexPropsV2(
                index_name="by_owner",
                partition_key=text("owner_key"),
                sort_key=text("created_key"),
            )
        ],
    )
    new_api(stack, table=table)
    assert resources(template_of(stack), TABLE) == {}


def test_an_imported_table_needs_its_stream():
    stack = new_stack()
    table = dynamodb.Table.from_table_arn(stack, "Mine", TABLE_ARN)
    with pytest.raises(ValueError, match="table_stream_arn"):
        new_api(stack, table=table)


def test_an_imported_table_with_a_stream_fits():
    stack = new_stack()
    table = dynamodb.Table.from_table_attributes(
        stack, "Mine", table_arn=TABLE_ARN, table_stream_arn=f"{TABLE_ARN}/stream/1"
    )
    new_api(stack, table=table)
    source = the(template_of(stack), "AWS::Lambda::EventSourceMapping", "ApiDispatcher")
    assert source["EventSourceArn"] == f"{TABLE_ARN}/stream/1"


@pytest.mark.parametrize(
    ("settings", "lack"),
    [
        ({"partition_key": text("id")}, "the string keys"),
        ({"sort_key": None}, "the string keys"),
        ({"time_to_live_attribute": None}, "the TTL attribute 'ttl'"),
        ({"time_to_live_attribute": "expires"}, "the TTL attribute 'ttl'"),
        ({"stream": None}, "a stream with new images"),
        ({}, "the index 'by_owner'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(settings: dict[str, Any], lack: str):
    stack = new_stack()
    table = fitting_table(stack, **settings)
    with pytest.raises(ValueError, match=lack):
        new_api(stack, table=table)
    assert [child.node.id for child in stack.node.children] == ["Mine"]


def test_a_socket_needs_neither_stream_nor_index():
    stack = new_stack()
    table = fitting_table(stack, stream=None)
    assert new_socket(stack, table=table).table is table


def test_a_number_is_no_key():
    stack = new_stack()
    number = dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.NUMBER)
    table = fitting_table(stack, partition_key=number)
    with pytest.raises(ValueError, match="the string keys"):
        new_socket(stack, table=table)


def test_the_key_of_a_table_that_is_brought_can_be_used():
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    table = fitting_table(
        stack, encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED, encryption_key=key
    )
    new_socket(stack, table=table)
    role = the(template_of(stack), "AWS::IAM::Role", "SocketConnection")
    assert "kms:Decrypt" in actions(role)


def test_a_socket_does_not_encrypt_a_table_that_is_brought():
    stack = new_stack()
    key = kms.Key(stack, "Key")
    with pytest.raises(ValueError, match="exclude each other"):
        new_socket(stack, table=fitting_table(stack), encryption_key=key)


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("env", [None, ENVIRONMENT])
def test_a_customers_key_encrypts_table_and_queues(env: Any):
    stack = new_stack(env=env)
    new_api(stack, encryption_key=kms.Key(stack, "Key"))
    template = template_of(stack)
    table = the(template, TABLE, "Api")["SSESpecification"]
    queues = resources(template, QUEUE).values()
    assert table["KMSMasterKeyId"]["Fn::GetAtt"][0].startswith("Key")
    assert len(queues) == 6
    assert all('"Key' in json.dumps(queue["KmsMasterKeyId"]) for queue in queues)


# --- networks -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def networked() -> dict[str, Any]:
    stack = new_stack()
    new_api(stack, vpc=ec2.Vpc(stack, "Vpc", nat_gateways=1, max_azs=2))
    return template_of(stack)


@pytest.mark.parametrize("name", ["ApiSocketMessage", "ApiWorker", "ApiHttpHandler"])
def test_functions_that_run_handlers_are_in_the_network(networked: dict[str, Any], name: str):
    function = the(networked, FUNCTION, f"{name}Function")
    (group,) = function["VpcConfig"]["SecurityGroupIds"]
    assert group["Fn::GetAtt"][0].startswith(f"{name}FunctionSecurityGroup")
    assert len(function["VpcConfig"]["SubnetIds"]) == 2


@pytest.mark.parametrize(
    "name", ["ApiSocketAuthorizer", "ApiSocketConnection", "ApiDispatcher", "ApiWatcher"]
)
def test_functions_of_the_runtime_are_not(networked: dict[str, Any], name: str):
    assert "VpcConfig" not in the(networked, FUNCTION, f"{name}Function")


def test_in_a_network_a_role_may_manage_interfaces_alone(networked: dict[str, Any]):
    (policy,) = the(networked, "AWS::IAM::Role", "ApiWorkerRole")["ManagedPolicyArns"]
    assert policy["Fn::Join"][1][-1] == ":iam::aws:policy/service-role/AWSLambdaENIManagementAccess"


# --- stacks ---------------------------------------------------------------------------------------


def test_two_apis_fit_into_one_stack():
    stack = new_stack()
    new_api(stack, "One")
    new_api(stack, "Other")
    names = {
        function["Environment"]["Variables"][f"{'CDK_STREAMER'}_NAME"]
        for function in resources(template_of(stack), FUNCTION).values()
    }
    assert names == {"Reports/One", "Reports/Other"}


def test_an_api_fits_into_a_nested_stack():
    nested = NestedStack(new_stack(), "Nested")
    new_api(nested)
    assert len(resources(template_of(nested), FUNCTION)) == 8


def test_the_table_may_be_in_another_stack():
    app = App(context=WITHOUT_ASSETS)
    stack, tables = Stack(app, "Reports"), Stack(app, "Tables")
    new_api(stack, table=with_index(fitting_table(tables)))
    source = the(template_of(stack), "AWS::Lambda::EventSourceMapping", "ApiDispatcher")
    assert "Fn::ImportValue" in source["EventSourceArn"]


def test_the_contract_is_what_a_brought_table_is_measured_by():
    keys = (contract.PARTITION_KEY, contract.SORT_KEY, contract.TTL_ATTRIBUTE, contract.OWNER_INDEX)
    assert keys == ("pk", "sk", "ttl", "by_owner")


def test_a_role_is_used_by_lambda_alone():
    stack = new_stack()
    api = new_api(stack)
    assert isinstance(api.worker.role, iam.Role)
    document = the(template_of(stack), "AWS::IAM::Role", "ApiWorkerRole")[
        "AssumeRolePolicyDocument"
    ]
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
