"""The HTTP API: the same requests, for callers without a socket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from aws_cdk import (
    Duration,
    Stack,
    aws_apigatewayv2 as apigatewayv2,
    aws_iam as iam,
    aws_lambda as lambda_,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from cdk_streamer._auth.gate import Gate
from cdk_streamer._code.handlers import Handlers
from cdk_streamer._requests.requests import Requests
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._resources.stage import DEFAULT_THROTTLE, HTTP_LOG, map_domain, write_access_logs
from cdk_streamer_runtime.contract import (
    INTEGRATION_SECONDS,
    EntryPoint,
    HttpEnvironment,
    HttpRoute,
)

_STAGE = "$default"
_TIMEOUT = Duration.seconds(INTEGRATION_SECONDS)
_METHODS = ("GET", "POST", "DELETE")
_ASKED_WITH = ("authorization", "content-type", "idempotency-key", "prefer")
_ANSWERED_WITH = ("location", "preference-applied", "retry-after")


class HttpEndpoint(Construct):
    """An HTTP API with the routes of the contract, each of them behind the gate."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        requests: Requests,
        gate: Gate,
        app: Handlers,
        layer: lambda_.ILayerVersion,
        origins: Sequence[str],
        domain_name: apigatewayv2.IDomainName | None,
        throttle: apigatewayv2.ThrottleSettings | None,
        access_logs: bool,
    ) -> None:
        super().__init__(scope, id)
        tickets = gate.accept_tickets(requests.table)
        settings = asdict(requests.settings(app.entry_point))
        handler = RuntimeFunction(
            self,
            "Handler",
            description="Answers HTTP requests",
            entry_point=EntryPoint.HTTP,
            package=app.with_layer(layer),
            environment=HttpEnvironment(**settings, tickets=tickets, callers=gate.callers),
            timeout=_TIMEOUT,
            defaults=requests.defaults,
        )
        requests.accept(handler)
        self.handler: lambda_.IFunction = handler.function
        self.api = apigatewayv2.HttpApi(
            self,
            "Api",
            api_name=f"{requests.name} HTTP"[-128:],
            create_default_stage=False,
            cors_preflight=_preflight(origins),
            # With a domain there is one way in: what the domain asks for cannot be passed by.
            disable_execute_api_endpoint=domain_name is not None or None,
        )
        self.stage = apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name=_STAGE,
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=throttle or DEFAULT_THROTTLE,
        )
        write_access_logs(
            self, self.stage, HTTP_LOG, wanted=access_logs, defaults=requests.defaults
        )
        self.url: str = self.stage.url.removesuffix("/")
        if domain_name is not None:
            self.url = f"https://{map_domain(self, self.stage, domain_name)}"
        self._add_routes(gate, tickets=tickets)

    def grant_request(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal call every route, with its signature."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[
                Stack.of(self).format_arn(
                    service="execute-api",
                    resource=self.api.api_id,
                    resource_name=f"{_STAGE}/{method}/*",
                )
                for method in _METHODS
            ],
        )

    def _add_routes(self, gate: Gate, *, tickets: bool) -> None:
        integration = HttpLambdaIntegration(
            "Handler",
            self.handler,
            payload_format_version=apigatewayv2.PayloadFormatVersion.VERSION_2_0,
            timeout=_TIMEOUT,
        )
        for route in HttpRoute:
            if route is HttpRoute.TICKET and not tickets:
                continue
            method, _, path = route.partition(" ")
            self.api.add_routes(
                path=path,
                methods=[apigatewayv2.HttpMethod(method)],
                integration=integration,
                authorizer=gate.http,
            )


def _preflight(origins: Sequence[str]) -> apigatewayv2.CorsPreflightOptions | None:
    if not origins:
        return None
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=list(origins),
        allow_methods=[apigatewayv2.CorsHttpMethod(method) for method in _METHODS],
        allow_headers=list(_ASKED_WITH),
        expose_headers=list(_ANSWERED_WITH),
        max_age=Duration.hours(1),
    )
