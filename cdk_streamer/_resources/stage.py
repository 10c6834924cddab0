"""Stages of both APIs: how much may come through, and what is written about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from aws_cdk import ArnFormat, Stack, Token, aws_apigatewayv2 as apigatewayv2, aws_logs as logs
from constructs import Construct, IConstruct

from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.function import Defaults

# For all clients of a stage together; API Gateway's own default is the account's whole quota.
DEFAULT_THROTTLE = apigatewayv2.ThrottleSettings(rate_limit=1_000, burst_limit=2_000)

# Nothing that a client writes, since a token could be in it.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-mapping-template-reference.html
SOCKET_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTimeEpoch",
    "eventType": "$context.eventType",
    "routeKey": "$context.routeKey",
    "connectionId": "$context.connectionId",
    "sourceIp": "$context.identity.sourceIp",
    "status": "$context.status",
    "integrationStatus": "$context.integrationStatus",
    "integrationLatency": "$context.integrationLatency",
}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
HTTP_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTimeEpoch",
    "routeKey": "$context.routeKey",
    "sourceIp": "$context.identity.sourceIp",
    "status": "$context.status",
    "authorizerLatency": "$context.authorizer.latency",
    "integrationStatus": "$context.integrationStatus",
    "integrationLatency": "$context.integrationLatency",
    "responseLength": "$context.responseLength",
}
_RULES = (
    "AwsSolutions-APIG1",
    "Serverless-APIGWAccessLogging",
    "Serverless-APIGWStructuredLogging",
)


def write_access_logs(
    scope: Construct,
    stage: apigatewayv2.IStage,
    line: Mapping[str, str],
    *,
    wanted: bool,
    defaults: Defaults,
) -> None:
    """Create in `scope` what a stage writes one line for each event to, or say why it does not."""
    if not wanted:
        say_no_access_logs(stage)
        return
    resource = stage.node.default_child
    assert isinstance(resource, apigatewayv2.CfnStage)  # noqa: S101 - tells the type
    # Not by `access_log_settings=`, whose ARN depends on a flag.
    resource.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
        destination_arn=new_access_log(scope, defaults), format=json.dumps(line)
    )


def say_no_access_logs(stage: IConstruct) -> None:
    """Say why a stage writes none."""
    acknowledge(stage, "access_logs=False says so", *_RULES)


def new_access_log(scope: Construct, defaults: Defaults) -> str:
    """Create a log group in `scope`, and give its ARN as API Gateway takes it."""
    group = logs.LogGroup(
        scope,
        "AccessLogs",
        retention=defaults.log_retention,
        removal_policy=defaults.removal_policy,
    )
    return Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def map_domain(
    scope: Construct,
    stage: apigatewayv2.IHttpStage | apigatewayv2.IWebSocketStage,
    domain_name: apigatewayv2.IDomainName,
) -> str:
    """Let a stage answer at the root of a domain, whose name is given back."""
    # Not by `domain_mapping=`, which makes an id of the domain's object.
    apigatewayv2.ApiMapping(scope, "Mapping", api=stage.api, stage=stage, domain_name=domain_name)
    return domain_name.name


def check_stage_name(name: str) -> None:
    """Refuse a name that could not be part of a URL; raises ValueError."""
    if not Token.is_unresolved(name) and not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name):
        raise ValueError(
            f"stage_name must be letters, digits, - and _, got {name!r}; leave it out for 'live'"
        )


def check_domains(
    socket: apigatewayv2.IDomainName | None,
    http: apigatewayv2.IDomainName | None,
    *,
    has_http: bool,
) -> None:
    """Refuse domains that cannot be mapped; raises ValueError with the remedy."""
    if http is not None and not has_http:
        raise ValueError("http_domain_name given with http=False; leave one of them out")
    if http is not None and http is socket:
        raise ValueError(
            "domain_name and http_domain_name are the same, and API Gateway maps no domain to "
            "both kinds of API; create two, like ws.example.com and api.example.com"
        )
