"""What a ProgressWebSocket deploys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import (
    RemovalPolicy,
    Stack,
    aws_apigatewayv2 as apigatewayv2,
    aws_lambda as lambda_,
    aws_logs as logs,
)

from cdk_streamer import ProgressWebSocket
from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    HANDLERS,
    as_list,
    new_api,
    new_function,
    new_socket,
    new_stack,
    resources,
    template_of,
    the,
)

FUNCTION, ROUTE = "AWS::Lambda::Function", "AWS::ApiGatewayV2::Route"


@pytest.fixture(scope="module")
def socket() -> ProgressWebSocket:
    return new_socket(new_stack())


@pytest.fixture(scope="module")
def template(socket: ProgressWebSocket) -> dict[str, Any]:
    return template_of(Stack.of(socket))


# --- routes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "function"),
    [
        (contract.Route.CONNECT, "SocketConnectionFunction"),
        (contract.Route.DISCONNECT, "SocketConnectionFunction"),
        (contract.Route.DEFAULT, "SocketMessageFunction"),
    ],
)
def test_each_route_reaches_its_function(
    template: dict[str, Any], route: contract.Route, function: str
):
    (target,) = (
        properties["Target"]["Fn::Join"][1][1]["Ref"]
        for properties in resources(template, ROUTE).values()
        if properties["RouteKey"] == route
    )
    integration = template["Resources"][target]["Properties"]
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert f'["{function}' in json.dumps(integration["IntegrationUri"])


def test_whoever_connects_is_authorized(template: dict[str, Any]):
    authorized = {
        properties["RouteKey"]: properties["AuthorizationType"]
        for properties in resources(template, ROUTE).values()
    }
    assert authorized == {"$connect": "CUSTOM", "$disconnect": "NONE", "$default": "NONE"}


def test_the_authorizer_is_asked_whatever_headers_there_are(template: dict[str, Any]):
    authorizer = the(template, "AWS::ApiGatewayV2::Authorizer", "Socket")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["IdentitySource"] == []


def test_no_route_answers_by_itself(template: dict[str, Any]):
    assert resources(template, "AWS::ApiGatewayV2::RouteResponse") == {}


def test_only_this_api_may_invoke_the_functions(template: dict[str, Any]):
    permissions = resources(template, "AWS::Lambda::Permission").values()
    assert len(permissions) == 4
    assert {permission["Principal"] for permission in permissions} == {"apigateway.amazonaws.com"}
    assert all('"SocketApi' in json.dumps(permission["SourceArn"]) for permission in permissions)


# --- the stage ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(template: dict[str, Any]) -> dict[str, Any]:
    return the(template, "AWS::ApiGatewayV2::Stage", "Socket")


def test_the_stage_limits_what_all_clients_send_together(stage: dict[str, Any]):
    settings = stage["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)
    assert settings["DetailedMetricsEnabled"] is True


def test_an_access_log_line_holds_nothing_that_a_client_wrote(stage: dict[str, Any]):
    variables = set(json.loads(stage["AccessLogSettings"]["Format"]).values())
    assert variables == {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.eventType",
        "$context.routeKey",
        "$context.connectionId",
        "$context.identity.sourceIp",
        "$context.status",
        "$context.integrationStatus",
        "$context.integrationLatency",
    }


def test_access_logs_can_be_left_out():
    stack = new_stack()
    new_socket(stack, access_logs=False)
    template = template_of(stack)
    assert "AccessLogSettings" not in the(template, "AWS::ApiGatewayV2::Stage", "Socket")
    assert len(resources(template, "AWS::Logs::LogGroup")) == 3


def test_stage_and_throttle_can_be_chosen():
    stack = new_stack()
    throttle = apigatewayv2.ThrottleSettings(rate_limit=5, burst_limit=6)
    socket = new_socket(stack, stage_name="v2", throttle=throttle)
    stage = the(template_of(stack), "AWS::ApiGatewayV2::Stage", "Socket")
    assert stage["StageName"] == "v2"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 5
    assert socket.callback_url.endswith("/v2")


# --- the table ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(template: dict[str, Any]) -> dict[str, Any]:
    return the(template, "AWS::DynamoDB::Table", "Socket")


def test_the_table_has_the_keys_of_the_contract(table: dict[str, Any]):
    assert table["KeySchema"] == [
        {"AttributeName": contract.PARTITION_KEY, "KeyType": "HASH"},
        {"AttributeName": contract.SORT_KEY, "KeyType": "RANGE"},
    ]
    assert {key["AttributeType"] for key in table["AttributeDefinitions"]} == {"S"}


def test_the_table_forgets_by_itself(table: dict[str, Any]):
    ttl = {"AttributeName": contract.TTL_ATTRIBUTE, "Enabled": True}
    assert table["TimeToLiveSpecification"] == ttl


def test_the_table_streams_new_images(table: dict[str, Any]):
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_the_index_holds_nothing_that_a_progress_tick_changes(table: dict[str, Any]):
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == contract.OWNER_INDEX
    assert [key["AttributeName"] for key in index["KeySchema"]] == [
        contract.OWNER_INDEX_PARTITION_KEY,
        contract.OWNER_INDEX_SORT_KEY,
    ]
    assert index["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": list(contract.OWNER_INDEX_PROJECTION),
    }


def test_the_table_is_paid_by_use_and_can_be_restored(table: dict[str, Any]):
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_what_holds_data_stays_when_the_stack_goes(template: dict[str, Any]):
    kinds = ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
    kept = {
        (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for resource in template["Resources"].values()
        if resource["Type"] in kinds
    }
    assert kept == {("Retain", "Retain")}


def test_the_table_is_protected_from_deletion(table: dict[str, Any]):
    assert table["DeletionProtectionEnabled"] is True


def test_nothing_has_a_physical_name(template: dict[str, Any]):
    names = ("TableName", "QueueName", "FunctionName", "RoleName", "LogGroupName", "LayerName")
    kinds = ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping")
    named = {
        logical_id: sorted(set(names) & resource.get("Properties", {}).keys())
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] not in kinds
    }
    assert {name for name, found in named.items() if found} == set()


# --- functions ------------------------------------------------------------------------------------


def test_without_handlers_the_socket_accepts_no_async_actions(template: dict[str, Any]):
    variables = the(template, FUNCTION, "SocketMessageFunction")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_REQUESTS"] == "0"
    assert "CDK_STREAMER_ENTRY_POINT" not in variables


def test_without_handlers_there_is_no_layer(template: dict[str, Any]):
    assert resources(template, "AWS::Lambda::LayerVersion") == {}


def test_handlers_answer_sync_actions():
    stack = new_stack()
    extra = lambda_.LayerVersion.from_layer_version_arn(
        stack, "Extra", "arn:aws:lambda:eu-west-1:123456789012:layer:extra:1"
    )
    new_socket(stack, handlers=HANDLERS, layers=[extra], log_retention=logs.RetentionDays.ONE_WEEK)
    template = template_of(stack)
    message = the(template, FUNCTION, "SocketMessageFunction")
    variables = message["Environment"]["Variables"]
    assert variables["CDK_STREAMER_ENTRY_POINT"] == "handlers.requests:app"
    assert variables["CDK_STREAMER_REQUESTS"] == "0"
    assert message["Layers"][0]["Ref"].startswith("SocketRuntime")
    assert message["Layers"][1] == extra.layer_version_arn
    assert {
        group["RetentionInDays"] for group in resources(template, "AWS::Logs::LogGroup").values()
    } == {7}


def test_posts_go_to_the_stage_of_the_socket(socket: ProgressWebSocket, template: dict[str, Any]):
    variables = the(template, FUNCTION, "SocketMessageFunction")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_ENDPOINT"] == Stack.of(socket).resolve(socket.callback_url)


# --- publishing -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def publishing() -> dict[str, Any]:
    stack = new_stack()
    socket = new_socket(stack)
    socket.grant_publish(new_function(stack))
    return template_of(stack)


def test_a_publisher_learns_where_to_publish(publishing: dict[str, Any]):
    variables = the(publishing, FUNCTION, "Publisher")["Environment"]["Variables"]
    deployed = {name: json.dumps(value) for name, value in variables.items()}
    assert "SocketTable" in contract.PublisherEnvironment.from_variables(deployed).table_name
    assert variables["CDK_STREAMER_NAME"] == "Reports/Socket"


def test_a_publisher_may_write_channels_and_post_and_nothing_else(publishing: dict[str, Any]):
    policy = the(publishing, "AWS::IAM::Policy", "Publisher")["PolicyDocument"]
    allowed = {
        action: json.dumps(statement["Resource"])
        for statement in policy["Statement"]
        for action in as_list(statement["Action"])
    }
    assert allowed.keys() == {
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "execute-api:ManageConnections",
    }
    assert '"SocketTable' in allowed["dynamodb:PutItem"]
    assert "/live/POST/@connections/*" in allowed["execute-api:ManageConnections"]


def test_granting_twice_is_granting_once(publishing: dict[str, Any]):
    stack = new_stack()
    socket, function = new_socket(stack), new_function(stack)
    socket.grant_publish(function)
    socket.grant_publish(function)
    variables = the(template_of(stack), FUNCTION, "Publisher")["Environment"]
    assert variables == the(publishing, FUNCTION, "Publisher")["Environment"]


def test_an_imported_function_cannot_publish():
    stack = new_stack()
    imported = lambda_.Function.from_function_name(stack, "Imported", "elsewhere")
    socket = new_socket(stack)
    with pytest.raises(ValueError, match=r"pass the lambda_\.Function itself"):
        socket.grant_publish(imported)


def test_a_function_cannot_publish_to_two_sockets():
    stack = new_stack()
    function = new_function(stack)
    new_socket(stack, "One").grant_publish(function)
    other = new_socket(stack, "Other")
    with pytest.raises(ValueError, match="use two functions"):
        other.grant_publish(function)


def test_a_worker_cannot_publish_to_a_socket_of_others():
    stack = new_stack()
    api, other = new_api(stack), new_socket(stack)
    with pytest.raises(ValueError, match="use two functions"):
        other.grant_publish(api.worker)


def test_a_worker_can_publish_to_its_own_socket():
    stack = new_stack()
    api = new_api(stack)
    assert api.socket.grant_publish(api.worker).success


# --- attributes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "metric"),
    [
        ("metric_auth_failures", contract.Metric.AUTH_FAILURES),
        ("metric_progress_posts", contract.Metric.PROGRESS_POSTS),
        ("metric_post_failures", contract.Metric.POST_FAILURES),
        ("metric_connections_gone", contract.Metric.CONNECTIONS_GONE),
    ],
)
def test_a_metric_is_the_one_that_the_runtime_emits(
    socket: ProgressWebSocket, method: str, metric: contract.Metric
):
    found = getattr(socket, method)()
    assert (found.namespace, found.metric_name) == (contract.METRIC_NAMESPACE, metric)
    assert found.dimensions == {contract.METRIC_DIMENSION: "Reports/Socket"}


def test_the_children_are_attributes(socket: ProgressWebSocket):
    assert [
        child.node.path
        for child in (
            socket.table,
            socket.api,
            socket.stage,
            socket.authorizer_function,
            socket.connection_handler,
            socket.message_handler,
        )
        if child is not None
    ] == [
        "Reports/Socket/Table",
        "Reports/Socket/Api",
        "Reports/Socket/Stage",
        "Reports/Socket/Authorizer/Function",
        "Reports/Socket/Connection/Function",
        "Reports/Socket/Message/Function",
    ]


def test_tables_can_go_with_the_stack():
    stack = new_stack()
    new_socket(stack, removal_policy=RemovalPolicy.DESTROY)
    table = the(template_of(stack), "AWS::DynamoDB::Table", "Socket")
    assert table["DeletionProtectionEnabled"] is False
