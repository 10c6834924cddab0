"""The REST API of timers: who may call which route, and what is written about it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack, aws_apigateway as apigateway, aws_iam as iam

from cdk_streamer import Auth
from cdk_streamer_runtime.contract.timers import TimerRoute
from tests.constructs.stacks import (
    ENVIRONMENT,
    full_timer,
    full_timer_template,
    new_auth,
    new_function,
    new_stack,
    new_timer,
    resources,
    template_of,
    the,
    variables,
)

API, STAGE, METHOD = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::Method",
)
RESOURCE, POLICY = "AWS::ApiGateway::Resource", "AWS::IAM::Policy"
SINGLE_SIGN_ON = (
    "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Operators_1a2b"
)
OTHER_ACCOUNT = "arn:aws:iam::210987654321:role/Partner"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_timer(stack)
    return template_of(stack)


def paths(template: dict[str, Any]) -> dict[str, str]:
    """Give the path of each resource by its logical id."""
    found = resources(template, RESOURCE)

    def path_of(name: str) -> str:
        parent = found[name]["ParentId"].get("Ref")
        return f"{path_of(parent) if parent else ''}/{found[name]['PathPart']}"

    return {name: path_of(name) for name in found}


def policy_of_api(stack: Stack) -> list[dict[str, Any]]:
    api = the(template_of(stack), API, "Timer")
    return api.get("Policy", {"Statement": []})["Statement"]


# --- routes ---------------------------------------------------------------------------------------


def test_the_routes_are_those_of_the_contract(template: dict[str, Any]):
    at = paths(template)
    routes = {
        f"{method['HttpMethod']} {at[method['ResourceId']['Ref']]}"
        for method in resources(template, METHOD).values()
    }
    assert routes == set(TimerRoute)


def test_every_method_asks_for_a_signature(template: dict[str, Any]):
    asked = {method["AuthorizationType"] for method in resources(template, METHOD).values()}
    assert asked == {"AWS_IAM"}


def test_with_tokens_every_method_asks_our_authorizer_each_time():
    methods = resources(full_timer_template(), METHOD).values()
    authorizer = the(full_timer_template(), "AWS::ApiGateway::Authorizer", "Timer")
    assert {method["AuthorizationType"] for method in methods} == {"CUSTOM"}
    assert len({json.dumps(method["AuthorizerId"]) for method in methods}) == 1
    assert (authorizer["Type"], authorizer["AuthorizerResultTtlInSeconds"]) == ("REQUEST", 0)


def test_api_gateway_may_invoke_the_handler_for_its_own_routes(template: dict[str, Any]):
    permission = the(template, "AWS::Lambda::Permission", "TimerApiInvoke")
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"]["Fn::Join"][1][-1] == "/*/periodic*"
    assert permission["SourceArn"]["Fn::Join"][1][-2]["Ref"].startswith("TimerApiDeploymentStage")


@pytest.mark.parametrize(
    ("auth", "callers"),
    [
        (Auth.iam(), {"signed": True, "tenant_claim": "", "scopes": {}}),
        (
            Auth.iam(scopes={"arn:aws:iam::123456789012:role/Writer": ["write"]}),
            {
                "signed": True,
                "tenant_claim": "",
                "scopes": {"arn:aws:iam::123456789012:role/Writer": "write"},
            },
        ),
    ],
)
def test_the_handler_is_told_what_signers_may(auth: Auth, callers: dict[str, Any]):
    stack = new_stack()
    new_timer(stack, auth=auth)
    told = variables(template_of(stack), "TimerApiHandler")["CDK_STREAMER_CALLERS"]
    assert json.loads(told) == callers


def test_of_tokens_the_authorizer_tells_all_there_is():
    assert "CDK_STREAMER_CALLERS" not in variables(full_timer_template(), "TimerApiHandler")
    assert full_timer().authorizer_function is not None


def test_a_function_of_the_users_may_be_the_authorizer():
    stack = new_stack()
    mine = new_function(stack, "Mine")
    timer = new_timer(stack, auth=Auth.custom(mine))
    authorizer = the(template_of(stack), "AWS::ApiGateway::Authorizer", "Timer")
    assert timer.authorizer_function is mine
    assert '"Mine' in json.dumps(authorizer["AuthorizerUri"])


# --- the stage ------------------------------------------------------------------------------------


def test_a_stage_traces_and_logs_lines_and_never_data(template: dict[str, Any]):
    stage = the(template, STAGE, "Timer")
    (settings,) = stage["MethodSettings"]
    assert stage["TracingEnabled"] is True
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert line["status"] == "$context.status"
    assert not {"$context.path", "$context.authorizer.principalId"} & set(line.values())


def test_a_stage_makes_no_role_for_logs(template: dict[str, Any]):
    assert resources(template, "AWS::ApiGateway::Account") == {}


@pytest.mark.parametrize(
    ("throttle", "limits"),
    [
        (None, (1_000, 2_000)),
        (apigateway.ThrottleSettings(rate_limit=5, burst_limit=7), (5, 7)),
    ],
)
def test_callers_are_throttled(throttle: Any, limits: tuple[int, int]):
    stack = new_stack()
    new_timer(stack, throttle=throttle)
    (settings,) = the(template_of(stack), STAGE, "Timer")["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == limits


def test_access_logs_can_be_left_out():
    stack = new_stack()
    new_timer(stack, access_logs=False)
    assert "AccessLogSetting" not in the(template_of(stack), STAGE, "Timer")


@pytest.mark.parametrize("env", [None, ENVIRONMENT])
def test_the_url_has_the_stage_and_no_slash_at_its_end(env: Any):
    stack = new_stack(env=env)
    url = stack.resolve(new_timer(stack, stage_name="v1").url)
    assert url["Fn::Join"][1][0] == "https://"
    assert url["Fn::Join"][1][-1]["Ref"].startswith("TimerApiDeploymentStagev1")


def test_with_a_domain_there_is_one_way_in():
    api = the(full_timer_template(), API, "Timer")
    mapping = the(full_timer_template(), "AWS::ApiGateway::BasePathMapping", "Timer")
    assert full_timer().url == "https://timers.example.com"
    assert api["DisableExecuteApiEndpoint"] is True
    assert mapping["DomainName"] == "timers.example.com"


# --- who may manage -------------------------------------------------------------------------------


def test_who_is_granted_may_call_exactly_the_routes():
    stack = new_stack()
    mine = new_function(stack, "Mine")
    grant = new_timer(stack).grant_manage(mine)
    (statement,) = the(template_of(stack), POLICY, "Mine")["PolicyDocument"]["Statement"]
    called = {resource["Fn::Join"][1][-1] for resource in statement["Resource"]}
    assert grant.success is True
    assert statement["Action"] == "execute-api:Invoke"
    assert called == {f"/{route.resource}" for route in TimerRoute}
    assert policy_of_api(stack) == []


@pytest.mark.parametrize("arn", [SINGLE_SIGN_ON, OTHER_ACCOUNT])
def test_a_principal_that_cannot_be_changed_is_named_by_the_api(arn: str):
    stack = new_stack(env=ENVIRONMENT)
    grantee: Any = iam.ArnPrincipal(arn)
    new_timer(stack).grant_manage(grantee)
    (statement,) = policy_of_api(stack)
    assert statement["Principal"] == {"AWS": arn}
    assert statement["Action"] == "execute-api:Invoke"
    routes = {f"execute-api:/live/{route.resource}" for route in TimerRoute}
    assert set(statement["Resource"]) == routes


def test_a_changed_policy_is_deployed():
    def deployment(*arns: str) -> str:
        stack = new_stack()
        timer = new_timer(stack)
        grantees: list[Any] = [iam.ArnPrincipal(arn) for arn in arns]
        for grantee in grantees:
            timer.grant_manage(grantee)
        (name,) = resources(template_of(stack), "AWS::ApiGateway::Deployment")
        return name

    assert deployment() != deployment(SINGLE_SIGN_ON)


def test_with_tokens_there_is_nothing_to_grant():
    stack = new_stack()
    with pytest.raises(ValueError, match=r"grant_manage is for auth=Auth\.iam\(\)"):
        new_timer(stack, auth=new_auth()).grant_manage(new_function(stack))
