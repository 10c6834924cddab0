"""What each way to tell callers puts in front of both APIs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    Stack,
    aws_apigatewayv2 as apigatewayv2,
    aws_apigatewayv2_integrations as integrations,
    aws_iam as iam,
    aws_lambda as lambda_,
)

from cdk_streamer import Auth
from cdk_streamer._auth.gate import Gate
from cdk_streamer._resources.function import Defaults
from cdk_streamer_runtime.contract import CallerRules
from tests.constructs.stacks import (
    actions,
    new_auth,
    new_function,
    new_socket,
    new_stack,
    resources,
    statements,
    template_of,
    the,
)
from tests.constructs.test_findings import GATE, nag

FUNCTION, ROLE = "AWS::Lambda::Function", "AWS::IAM::Role"
AUTHORIZER, ROUTE = "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Route"
WRITER = "arn:aws:iam::123456789012:role/Writer"


def guarded(stack: Stack, auth: Auth) -> Gate:
    """Put both APIs behind an Auth, with two routes over HTTP."""
    socket = new_socket(stack, auth=auth)
    gate = socket.gate
    api = apigatewayv2.HttpApi(stack, "Http")
    integration: Any = integrations.HttpLambdaIntegration("Http", socket.message_handler)
    for path in ("/requests", "/tickets"):
        api.add_routes(
            path=path,
            methods=[apigatewayv2.HttpMethod.POST],
            integration=integration,
            authorizer=gate.http,
        )
    gate.accept_tickets(socket.table)
    return gate


def template(auth: Auth) -> dict[str, Any]:
    stack = new_stack()
    guarded(stack, auth)
    return template_of(stack)


def variables(template: dict[str, Any], name: str) -> dict[str, Any]:
    return the(template, FUNCTION, name)["Environment"]["Variables"]


def invokers(template: dict[str, Any], function: str) -> list[str]:
    """Give whose authorizers may invoke a function, each as the resource that it names."""
    return [
        json.dumps(permission["SourceArn"])
        for permission in resources(template, "AWS::Lambda::Permission").values()
        if function in json.dumps(permission["FunctionName"])
    ]


# --- tokens ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_token() -> dict[str, Any]:
    return template(new_auth())


def test_one_function_decides_for_both_apis(by_token: dict[str, Any]):
    uris = [json.dumps(each["AuthorizerUri"]) for each in resources(by_token, AUTHORIZER).values()]

    assert len(uris) == 2
    assert len(set(uris)) == 1


def test_http_is_answered_simply_and_not_kept_for_longer_than_a_minute(by_token: dict[str, Any]):
    properties = the(by_token, AUTHORIZER, "HttpAuthorizer")

    assert properties["AuthorizerType"] == "REQUEST"
    assert properties["AuthorizerPayloadFormatVersion"] == "2.0"
    assert properties["EnableSimpleResponses"] is True
    assert properties["IdentitySource"] == ["$request.header.Authorization"]
    assert properties["AuthorizerResultTtlInSeconds"] == 60


def test_each_api_may_invoke_the_function_by_its_own_authorizer_alone(by_token: dict[str, Any]):
    arns = invokers(by_token, "SocketAuthorizer")

    assert len(arns) == 2
    assert all("/authorizers/" in arn and "*" not in arn for arn in arns)
    assert len({arn for arn in arns if "SocketApi" in arn}) == 1


def test_tickets_are_looked_for_where_they_are_kept(by_token: dict[str, Any]):
    assert "Ref" in variables(by_token, "SocketAuthorizer")["CDK_STREAMER_TABLE_NAME"]


def test_the_authorizer_may_end_tickets_and_touch_no_other_item(by_token: dict[str, Any]):
    (statement,) = (
        statement
        for statement in statements(the(by_token, ROLE, "SocketAuthorizerRole"))
        if "dynamodb:" in json.dumps(statement["Action"])
    )

    assert statement["Action"] == "dynamodb:DeleteItem"
    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ticket#*"]}
    }


def test_a_socket_alone_takes_no_tickets():
    stack = new_stack()
    new_socket(stack)
    found = template_of(stack)

    assert "CDK_STREAMER_TABLE_NAME" not in variables(found, "SocketAuthorizer")
    assert not any("dynamodb" in name for name in actions(the(found, ROLE, "SocketAuthorizerRole")))


def test_a_way_with_our_own_authorizer_takes_tickets():
    assert guarded_takes_tickets(new_auth())
    assert not guarded_takes_tickets(Auth.iam())
    assert not guarded_takes_tickets(Auth.custom(new_function(new_stack())))


def guarded_takes_tickets(auth: Auth) -> bool:
    stack = new_stack()
    socket = new_socket(stack)
    gate = auth.bind(stack, name="Api", defaults=Defaults())
    return gate.accept_tickets(socket.table)


# --- tokens, checked by API Gateway over HTTP -----------------------------------------------------

NATIVE: dict[str, Any] = {"issuer": "https://id.example.com/", "audience": ["reports"]}


def test_api_gateways_own_authorizer_can_check_tokens_over_http():
    found = template(Auth.jwt(**NATIVE, tenant_claim="org", native_http=True))
    properties = the(found, AUTHORIZER, "HttpAuthorizer")

    assert properties["AuthorizerType"] == "JWT"
    assert properties["JwtConfiguration"] == {
        "Audience": ["reports"],
        "Issuer": "https://id.example.com/",
    }
    assert len(invokers(found, "SocketAuthorizer")) == 1


def test_then_the_functions_learn_which_claim_names_the_tenant():
    stack = new_stack()
    gate = guarded(stack, Auth.jwt(**NATIVE, tenant_claim="org", native_http=True))

    assert CallerRules.from_text(gate.callers) == CallerRules(tenant_claim="org")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"jwks_url": "https://id.example.com/keys"}, "leave jwks_url and public_key out"),
        ({"public_key": "any"}, "leave jwks_url and public_key out"),
        ({"algorithms": ["ES256", "PS256"]}, "native_http knows RS256, RS384 and RS512"),
    ],
)
def test_what_api_gateway_cannot_check_is_refused(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        Auth.jwt(**NATIVE, **settings, native_http=True)


# --- signatures -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_signature() -> dict[str, Any]:
    return template(Auth.iam(scopes={WRITER: ["reports:read", "reports:write"]}))


def test_api_gateway_checks_signatures_on_both_apis(by_signature: dict[str, Any]):
    kinds = {
        route["RouteKey"]: route.get("AuthorizationType", "NONE")
        for route in resources(by_signature, ROUTE).values()
    }

    assert kinds == {
        "$connect": "AWS_IAM",
        "$disconnect": "NONE",
        "$default": "NONE",
        "POST /requests": "AWS_IAM",
        "POST /tickets": "AWS_IAM",
    }


def test_signatures_need_no_function(by_signature: dict[str, Any]):
    assert resources(by_signature, AUTHORIZER) == {}
    assert not any("Authorizer" in name for name in resources(by_signature, FUNCTION))


def test_who_connects_is_told_what_principals_may_do(by_signature: dict[str, Any]):
    text = variables(by_signature, "SocketConnection")["CDK_STREAMER_CALLERS"]

    assert CallerRules.from_text(text) == CallerRules(
        signed=True, scopes={WRITER: "reports:read reports:write"}
    )


def test_who_speaks_is_read_from_the_connection(by_signature: dict[str, Any]):
    assert "dynamodb:GetItem" in actions(the(by_signature, ROLE, "SocketMessageRole"))


def test_a_role_of_the_same_stack_can_be_given_scopes():
    stack = new_stack()
    role = iam.Role.from_role_name(stack, "Writer", "Writer")
    new_socket(stack, auth=Auth.iam(scopes={role.role_arn: ["write"]}))
    text = variables(template_of(stack), "SocketConnection")["CDK_STREAMER_CALLERS"]

    parts = text["Fn::Join"][1]
    written = "".join(part if isinstance(part, str) else "0" for part in parts)
    assert json.loads(written)["scopes"] == {"arn:0:iam::0:role/Writer": "write"}


@pytest.mark.parametrize(
    ("scopes", "remedy"),
    [
        ({"Writer": ["write"]}, "use role.role_arn"),
        ({"arn:aws:sts::123456789012:assumed-role/Writer/ann": ["write"]}, "roles and users"),
        ({"*": ["write"]}, "roles and users"),
        ({WRITER: "write"}, "must be a list of words, got 'write'"),
        ({WRITER: ["two words"]}, "must be a list of words"),
        ({WRITER: [""]}, "must be a list of words"),
        ({f"{WRITER}{number}": ["reports:write"] for number in range(50)}, "assume one role"),
    ],
)
def test_scopes_that_mean_nothing_are_refused(scopes: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        Auth.iam(scopes=scopes)


# --- a function of the user's own -----------------------------------------------------------------


@pytest.fixture(scope="module")
def by_function() -> dict[str, Any]:
    stack = new_stack()
    guarded(stack, Auth.custom(new_function(stack, "Mine")))
    return template_of(stack)


def test_the_users_function_decides_for_both_apis(by_function: dict[str, Any]):
    found = resources(by_function, AUTHORIZER).values()

    assert len(found) == 2
    assert all('"Mine' in json.dumps(each["AuthorizerUri"]) for each in found)
    assert not any("Authorizer" in name for name in resources(by_function, FUNCTION))


def test_the_users_function_answers_both_in_one_form_and_nothing_is_kept(
    by_function: dict[str, Any],
):
    properties = the(by_function, AUTHORIZER, "HttpAuthorizer")

    assert properties["AuthorizerPayloadFormatVersion"] == "1.0"
    assert "EnableSimpleResponses" not in properties
    assert properties["AuthorizerResultTtlInSeconds"] == 0


def test_each_api_may_invoke_the_users_function(by_function: dict[str, Any]):
    arns = invokers(by_function, "Mine")

    assert len(arns) == 2
    assert all("/authorizers/" in arn and "*" not in arn for arn in arns)


def test_where_the_users_credential_is_may_be_said():
    stack = new_stack()
    function = new_function(stack, "Mine")
    guarded(stack, Auth.custom(function, http_identity_source=["$request.header.X-Api-Key"]))

    found = the(template_of(stack), AUTHORIZER, "HttpAuthorizer")
    assert found["IdentitySource"] == ["$request.header.X-Api-Key"]


@pytest.mark.parametrize("source", ["$request.header.X", ["X-Api-Key"], [""]])
def test_a_place_that_api_gateway_does_not_know_is_refused(source: Any):
    with pytest.raises(ValueError, match="http_identity_source must be a list like"):
        Auth.custom(new_function(new_stack()), http_identity_source=source)


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth", [lambda _: new_auth(), lambda _: Auth.iam(), lambda s: Auth.custom(own_function(s))]
)
def test_nothing_is_found_that_has_no_reason(tmp_path: Path, auth: Any):
    found = nag(tmp_path, lambda stack: new_socket(stack, auth=auth(stack)) and None, *GATE)

    assert found == Counter()


def own_function(stack: Stack) -> lambda_.IFunction:
    return lambda_.Function.from_function_attributes(
        stack,
        "Mine",
        function_arn="arn:aws:lambda:eu-west-1:123456789012:function:mine",
        same_environment=True,
    )
