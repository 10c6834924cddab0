"""The HTTP API of an AsyncRequestApi."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack, aws_apigatewayv2 as apigatewayv2, aws_iam as iam

from cdk_streamer import Auth
from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    full_api,
    full_template,
    new_api,
    new_stack,
    resources,
    template_of,
    the,
)

FUNCTION, ROUTE = "AWS::Lambda::Function", "AWS::ApiGatewayV2::Route"
STAGE, API = "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Api"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_api(stack, throttle=apigatewayv2.ThrottleSettings(rate_limit=5, burst_limit=6))
    return template_of(stack)


def routes(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        route for name, route in resources(template, ROUTE).items() if name.startswith("ApiHttpApi")
    ]


def test_the_routes_are_those_of_the_contract(template: dict[str, Any]):
    assert {route["RouteKey"] for route in routes(template)} == set(contract.HttpRoute)


def test_every_route_is_authorized(template: dict[str, Any]):
    assert {route["AuthorizationType"] for route in routes(template)} == {"CUSTOM"}


def test_the_socket_and_http_ask_the_same_authorizer(template: dict[str, Any]):
    authorizer = the(template, "AWS::ApiGatewayV2::Authorizer", "ApiHttp")
    assert '"ApiSocketAuthorizerFunction' in json.dumps(authorizer["AuthorizerUri"])
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert 0 < authorizer["AuthorizerResultTtlInSeconds"] <= 60


def test_one_integration_answers_them_all(template: dict[str, Any]):
    integration = the(template, "AWS::ApiGatewayV2::Integration", "ApiHttp")
    assert integration["PayloadFormatVersion"] == "2.0"
    assert integration["TimeoutInMillis"] == contract.INTEGRATION_SECONDS * 1000
    assert the(template, FUNCTION, "ApiHttpHandler")["Timeout"] == contract.INTEGRATION_SECONDS


def test_only_this_api_may_invoke_the_function(template: dict[str, Any]):
    sources = [
        json.dumps(permission["SourceArn"])
        for name, permission in resources(template, "AWS::Lambda::Permission").items()
        if name.startswith("ApiHttp")
    ]
    assert len(sources) == len(contract.HttpRoute) + 1
    assert all('"ApiHttpApi' in source for source in sources)


def test_the_stage_limits_what_all_clients_ask_together(template: dict[str, Any]):
    stage = the(template, STAGE, "ApiHttp")
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"] == {
        "DetailedMetricsEnabled": True,
        "ThrottlingBurstLimit": 6,
        "ThrottlingRateLimit": 5,
    }


def test_an_access_log_line_holds_nothing_that_a_client_wrote(template: dict[str, Any]):
    line = json.loads(the(template, STAGE, "ApiHttp")["AccessLogSettings"]["Format"])
    assert set(line.values()) == {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.routeKey",
        "$context.identity.sourceIp",
        "$context.status",
        "$context.authorizer.latency",
        "$context.integrationStatus",
        "$context.integrationLatency",
        "$context.responseLength",
    }


def test_the_function_reads_what_the_message_function_reads(template: dict[str, Any]):
    names = ("ApiHttpHandlerFunction", "ApiSocketMessageFunction")
    http, message = (the(template, FUNCTION, name)["Environment"]["Variables"] for name in names)
    assert message.items() <= http.items()
    assert http["CDK_STREAMER_TICKETS"] == "1"


def test_without_a_wish_no_page_may_ask(template: dict[str, Any]):
    assert "CorsConfiguration" not in the(template, API, "ApiHttp")


def test_pages_of_the_origins_may_ask_and_need_no_token_for_that():
    cors = the(full_template(), API, "ApiHttp")["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://app.example.com", "http://localhost:5173"]
    assert set(cors["AllowMethods"]) == {"GET", "POST", "DELETE"}
    assert "idempotency-key" in cors["AllowHeaders"]
    assert "location" in cors["ExposeHeaders"]
    assert "AllowCredentials" not in cors
    assert not any("OPTIONS" in route["RouteKey"] for route in routes(full_template()))


def test_the_origins_reach_the_socket():
    variables = the(full_template(), FUNCTION, "ApiSocketConnection")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_ORIGINS"] == "https://app.example.com,http://localhost:5173"


def test_each_api_is_on_its_domain():
    mappings = resources(full_template(), "AWS::ApiGatewayV2::ApiMapping")
    assert {mapping["DomainName"] for mapping in mappings.values()} == {
        "ws.example.com",
        "api.example.com",
    }
    assert (full_api().url, full_api().http_url) == (
        "wss://ws.example.com",
        "https://api.example.com",
    )


def test_posts_go_past_the_domain():
    variables = the(full_template(), FUNCTION, "ApiWorker")["Environment"]["Variables"]
    assert ".execute-api." in json.dumps(variables["CDK_STREAMER_ENDPOINT"])


def test_with_a_domain_http_has_no_other_way_in():
    assert the(full_template(), API, "ApiHttp")["DisableExecuteApiEndpoint"] is True
    assert "DisableExecuteApiEndpoint" not in the(full_template(), API, "ApiSocket")


def test_without_a_domain_the_url_is_the_stages_and_ends_without_a_slash():
    api = new_api(new_stack())
    assert Stack.of(api).resolve(api.http_url)["Fn::Join"][1] == [
        "https://",
        {"Ref": "ApiHttpApi87079EB1"},
        ".execute-api.",
        {"Ref": "AWS::Region"},
        ".",
        {"Ref": "AWS::URLSuffix"},
    ]


# --- without it -----------------------------------------------------------------------------------


def test_http_can_be_left_out():
    stack = new_stack()
    api = new_api(stack, http=False)
    template = template_of(stack)
    assert [name for name in template["Resources"] if name.startswith("ApiHttp")] == []
    assert len(api.handler_functions) == 2
    with pytest.raises(ValueError, match="'Reports/Api' has http=False"):
        _ = api.http_url


def test_without_http_there_are_no_tickets():
    stack = new_stack()
    new_api(stack, http=False)
    authorizer = the(template_of(stack), FUNCTION, "ApiSocketAuthorizer")
    assert "CDK_STREAMER_TABLE_NAME" not in authorizer["Environment"]["Variables"]


# --- callers who sign -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signed() -> dict[str, Any]:
    stack = new_stack()
    api = new_api(stack, auth=Auth.iam())
    role: Any = iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal())  # pyright: ignore[reportArgumentType] - jsii's stubs
    api.grant_request(role)
    api.socket.grant_connect(role)
    return template_of(stack)


def test_callers_who_sign_get_no_tickets(signed: dict[str, Any]):
    assert {route["AuthorizationType"] for route in routes(signed)} == {"AWS_IAM"}
    assert contract.HttpRoute.TICKET not in {route["RouteKey"] for route in routes(signed)}
    variables = the(signed, FUNCTION, "ApiHttpHandler")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_TICKETS"] == "0"


def test_who_is_granted_may_connect_and_ask(signed: dict[str, Any]):
    policy = the(signed, "AWS::IAM::Policy", "Caller")["PolicyDocument"]
    allowed = json.dumps(policy["Statement"])
    assert "/live/$connect" in allowed
    assert [f"/$default/{method}/*" in allowed for method in ("GET", "POST", "DELETE")] == [
        True,
        True,
        True,
    ]
