"""The REST API of a PeriodicTimer: each method asks for a signature, or for a token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from aws_cdk import (
    ArnFormat,
    Duration,
    Stack,
    aws_apigateway as apigateway,
    aws_iam as iam,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._auth.gate import Gate
from cdk_streamer._resources.findings import acknowledge, acknowledge_wildcard
from cdk_streamer._resources.function import Defaults
from cdk_streamer._resources.stage import check_stage_name, new_access_log, say_no_access_logs
from cdk_streamer._timers.timers import Timers
from cdk_streamer_runtime.contract.timers import TimerRoute

_RATE, _BURST = 1_000, 2_000
_ROOT = "/periodic*"
# Makes another authorizer another deployment; without it a changed one would not be in use.
_FLAG = "@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId"
# Nothing that a caller writes: ids and data are not in it.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTimeEpoch",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "sourceIp": "$context.identity.sourceIp",
    "userArn": "$context.identity.userArn",
    "status": "$context.status",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "responseLength": "$context.responseLength",
}
_IDS = "the ids of timers are chosen by those who make them"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """What a user says about the API's stage."""

    name: str
    throttle: apigateway.ThrottleSettings | None
    access_logs: bool
    domain_name: apigateway.IDomainName | None

    @classmethod
    def read(
        cls,
        *,
        name: str,
        throttle: apigateway.ThrottleSettings | None,
        access_logs: bool,
        domain_name: apigateway.IDomainName | None,
    ) -> StageSettings:
        """Check what the user gave; raises ValueError with the remedy."""
        check_stage_name(name)
        return cls(name=name, throttle=throttle, access_logs=access_logs, domain_name=domain_name)


class TimerEndpoint(Construct):
    """A REST API with the routes of the contract, each of them behind the gate."""

    def __init__(
        self, scope: Construct, id: str, *, timers: Timers, gate: Gate, settings: StageSettings
    ) -> None:
        super().__init__(scope, id)
        self.node.set_context(_FLAG, True)  # noqa: FBT003 - as jsii has it
        self._signed = gate.function is None
        self._stage_name = settings.name
        # Our authorizer tells all there is to know of a token; signers are judged by these rules.
        callers = gate.callers if self._signed else None
        self.handler: lambda_.IFunction = timers.new_api_handler(self, callers).function
        self.api = self._new_api(timers.name, settings)
        self.stage: apigateway.Stage = self.api.deployment_stage
        self._write_access_logs(settings, timers.defaults)
        self._add_routes(gate)
        self._allow_invoke()
        self.url: str = self.stage.url_for_path("/").removesuffix("/")
        if settings.domain_name is not None:
            self.url = f"https://{self._map(settings.domain_name)}"
        self._explain()

    def grant_manage(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal call every route, with its signature; raises ValueError for tokens."""
        if not self._signed:
            raise ValueError(
                f"callers of {self.node.path!r} show tokens and need no policy; "
                "grant_manage is for auth=Auth.iam()"
            )
        resources = [route.resource for route in TimerRoute]
        arns = [self._arn(resource) for resource in resources]
        principal = grantee.grant_principal
        if isinstance(principal, Construct):
            for arn, resource in zip(arns, resources, strict=True):
                if "*" in resource:
                    acknowledge_wildcard(principal, _IDS, arn)
        # A role that nobody may change, like those of single sign-on, is named by the API instead.
        return iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=arns,
            resource=self.api,
            # By the text, since the stage waits for the API and its policy.
            resource_self_arns=[
                f"execute-api:/{self._stage_name}/{resource}" for resource in resources
            ],
        )

    def _new_api(self, name: str, settings: StageSettings) -> apigateway.RestApi:
        throttle = settings.throttle or apigateway.ThrottleSettings(
            rate_limit=_RATE, burst_limit=_BURST
        )
        return apigateway.RestApi(
            self,
            "Api",
            rest_api_name=name[-128:],
            description="Timers",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # The account's role for logs is the account's own business.
            cloud_watch_role=False,
            # With a domain there is one way in: what the domain asks for cannot be passed by.
            disable_execute_api_endpoint=settings.domain_name is not None or None,
            deploy_options=apigateway.StageOptions(
                stage_name=settings.name,
                logging_level=apigateway.MethodLoggingLevel.OFF,
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=True,
                throttling_rate_limit=throttle.rate_limit,
                throttling_burst_limit=throttle.burst_limit,
            ),
        )

    def _write_access_logs(self, settings: StageSettings, defaults: Defaults) -> None:
        if not settings.access_logs:
            say_no_access_logs(self.stage)
            return
        resource = self.stage.node.default_child
        assert isinstance(resource, apigateway.CfnStage)  # noqa: S101 - tells the type
        # Not by `access_log_destination=`, whose ARN depends on a flag.
        resource.access_log_setting = apigateway.CfnStage.AccessLogSettingProperty(
            destination_arn=new_access_log(self, defaults), format=json.dumps(_LOG)
        )

    def _add_routes(self, gate: Gate) -> None:
        # Not a LambdaIntegration, which makes two permissions a method.
        integration = apigateway.AwsIntegration(
            service="lambda",
            proxy=True,
            path=f"2015-03-31/functions/{self.handler.function_arn}/invocations",
        )
        kind, authorizer = self._authorization(gate)
        for route in TimerRoute:
            method, _, path = route.partition(" ")
            added = self.api.root.resource_for_path(path).add_method(
                method, integration, authorization_type=kind, authorizer=authorizer
            )
            acknowledge(
                added, "callers sign, or show tokens to a function of ours", "AwsSolutions-COG4"
            )

    def _authorization(
        self, gate: Gate
    ) -> tuple[apigateway.AuthorizationType, apigateway.IAuthorizer | None]:
        if gate.function is None:
            return apigateway.AuthorizationType.IAM, None
        authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=gate.function,
            # An answer that is kept would outlive its token.
            identity_sources=[],
            results_cache_ttl=Duration.seconds(0),
        )
        return apigateway.AuthorizationType.CUSTOM, cast("apigateway.IAuthorizer", authorizer)

    def _allow_invoke(self) -> None:
        self.handler.add_permission(
            "Invoke",
            scope=self,
            principal=cast("iam.IPrincipal", iam.ServicePrincipal("apigateway.amazonaws.com")),
            source_arn=self.api.arn_for_execute_api("*", _ROOT, self.stage.stage_name),
        )

    def _map(self, domain_name: apigateway.IDomainName) -> str:
        apigateway.BasePathMapping(
            self, "Mapping", domain_name=domain_name, rest_api=self.api, stage=self.stage
        )
        return domain_name.domain_name

    def _arn(self, resource: str) -> str:
        return Stack.of(self).format_arn(
            service="execute-api",
            resource=self.api.rest_api_id,
            resource_name=f"{self.stage.stage_name}/{resource}",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )

    def _explain(self) -> None:
        acknowledge(
            self.api,
            "the function checks each field and names each fault, which a model cannot",
            "AwsSolutions-APIG2",
        )
        acknowledge(
            self.stage,
            "strangers cannot call; a web ACL of your own goes onto timer.api.deployment_stage",
            "AwsSolutions-APIG3",
        )
        acknowledge(
            self.stage,
            "execution logs would need a role of the account and could hold what callers send; "
            "access logs, the function's log and traces tell the same",
            "AwsSolutions-APIG6",
        )
