"""A WebSocket API with authenticated connections and subscriptions to live progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_apigatewayv2 as apigatewayv2,
    aws_cloudwatch as cloudwatch,
    aws_dynamodb as dynamodb,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
)
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from cdk_streamer._arguments.origins import read_origins
from cdk_streamer._auth.gate import Gate
from cdk_streamer._code.assets import runtime_code
from cdk_streamer._code.handlers import Handlers, HandlerSettings
from cdk_streamer._code.package import Package
from cdk_streamer._operations.metrics import runtime_metric
from cdk_streamer._resources import tables
from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.layer import new_runtime_layer
from cdk_streamer._resources.stage import (
    DEFAULT_THROTTLE,
    SOCKET_LOG,
    check_stage_name,
    map_domain,
    write_access_logs,
)
from cdk_streamer._sockets import connections, publisher
from cdk_streamer._sockets.publisher import CHANNEL_ACTIONS
from cdk_streamer.auth import Auth
from cdk_streamer_runtime.contract import (
    INTEGRATION_SECONDS,
    ConnectionEnvironment,
    EntryPoint,
    MessageEnvironment,
    Metric,
    Route,
)


class ProgressWebSocket(Construct):
    """A WebSocket API whose clients subscribe to channels that any Lambda function publishes to.

    `url` is what clients connect to, `wss://...`, and `callback_url` what posts to them go to.
    `gate` is what tells callers apart, `defaults` what its functions share.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        auth: Auth,
        handlers: str | Path | lambda_.Code | None = None,
        entry_point: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int | None = None,
        vpc: ec2.IVpc | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        table: dynamodb.ITable | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        access_logs: bool = True,
        stage_name: str = "live",
        throttle: apigatewayv2.ThrottleSettings | None = None,
        cors_origins: Sequence[str] | None = None,
        domain_name: apigatewayv2.IDomainName | None = None,
        name: str | None = None,
    ) -> None:
        """Create the socket.

        handlers: a folder with `requests.py`, whose `app` answers sync actions, or a
            `lambda_.Code`, which needs `entry_point`. Default: built-in actions alone.
        entry_point: where the AsyncApp is. Default: `<folder>.requests:app`.
        environment, memory_size, vpc, layers: of the function that runs the handlers; 512 MB and
            no VPC by default. From a VPC it needs a way to the internet: connections are posted
            to through API Gateway's public endpoint.
        architecture: of all functions and of the handlers' dependencies. Default: arm64.
        table: string keys `pk` and `sk`, TTL attribute `ttl`. Default: one is created, on demand,
            with point-in-time recovery and deletion protection.
        encryption_key: encrypts the table. Default: a key that AWS owns.
        removal_policy: of table and log groups. Default: they stay.
        log_retention: of all log groups. Default: one month.
        access_logs: one line for each event of a connection, without what the client sent. The
            account needs a CloudWatch role in API Gateway's settings, once a region: without it
            the deployment fails and says so. Default: yes.
        stage_name: the last part of the URL. Default: live.
        throttle: for all clients together. Default: 1,000 messages/s, bursts of 2,000.
        cors_origins: pages of which origins may connect, like `https://app.example.com`; callers
            that are no browsers are not asked. Default: all, with a token.
        domain_name: what `url` is on; posts still go to API Gateway's own address. Default: none.
        name: the `Api` dimension of the metrics. Default: the construct's path.
        """
        if table is not None:
            tables.check(table, index=None, streams=False)
            if encryption_key is not None:
                raise ValueError("table and encryption_key exclude each other; encrypt your table")
        check_stage_name(stage_name)
        origins = read_origins(cors_origins)
        settings = HandlerSettings(
            entry_point=entry_point, environment=environment, memory_size=memory_size,
            vpc=vpc, layers=layers, architecture=architecture,
        )  # fmt: skip
        app = settings.refuse() if handlers is None else settings.read(scope, handlers)
        super().__init__(scope, id)
        self._layer: lambda_.LayerVersion | None = None
        self._name = name or self.node.path
        self.defaults: Defaults = Defaults(
            architecture=architecture, log_retention=log_retention, removal_policy=removal_policy
        )
        self.table: dynamodb.ITable = table or tables.new_table(
            self, removal_policy, encryption_key
        )
        api = apigatewayv2.WebSocketApi(self, "Api", api_name=self._name[-128:])
        self.api: apigatewayv2.IWebSocketApi = api
        self.stage: apigatewayv2.IWebSocketStage = self._new_stage(api, stage_name, throttle)
        self.url: str = self.stage.url
        if domain_name is not None:
            self.url = f"wss://{map_domain(self, self.stage, domain_name)}"
        write_access_logs(self, self.stage, SOCKET_LOG, wanted=access_logs, defaults=self.defaults)
        self.gate: Gate = auth.bind(self, name=self._name, defaults=self.defaults)
        self.authorizer_function: lambda_.IFunction | None = self.gate.function
        self.connection_handler: lambda_.IFunction = self._new_connection_handler(origins)
        self.message_handler: lambda_.IFunction = self._new_message_handler(app)
        self._add_routes(api)
        if app is not None:
            app.warn(self)

    @property
    def callback_url(self) -> str:
        """What posts to connections go to: `https://...`."""
        return self.stage.callback_url

    @property
    def runtime_layer(self) -> lambda_.ILayerVersion:
        """The layer with `cdk_streamer_runtime`, for functions of your own that publish."""
        if self._layer is None:
            self._layer = new_runtime_layer(self)
        return self._layer

    def grant_publish(self, function: lambda_.Function | lambda_.IFunction) -> iam.Grant:
        """Let a function publish to this socket's channels with `Progress.for_channel`.

        Its environment tells the runtime where to; it needs `runtime_layer` or the runtime among
        its own dependencies. A function publishes to one socket.
        """
        return publisher.grant_publish(
            function, socket=self, name=self._name, table=self.table, stage=self.stage
        )

    def grant_connect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal connect, where `auth` is `Auth.iam()`: it signs its `$connect`."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[connections.arn(self.stage, Route.CONNECT)],
        )

    def metric_auth_failures(self) -> cloudwatch.Metric:
        """Count connections that were refused."""
        return runtime_metric(self._name, Metric.AUTH_FAILURES)

    def metric_progress_posts(self) -> cloudwatch.Metric:
        """Count messages posted to subscribers."""
        return runtime_metric(self._name, Metric.PROGRESS_POSTS)

    def metric_post_failures(self) -> cloudwatch.Metric:
        """Count posts that failed, except those to connections that had ended."""
        return runtime_metric(self._name, Metric.POST_FAILURES)

    def metric_connections_gone(self) -> cloudwatch.Metric:
        """Count posts to connections that had ended."""
        return runtime_metric(self._name, Metric.CONNECTIONS_GONE)

    def _new_stage(
        self,
        api: apigatewayv2.WebSocketApi,
        stage_name: str,
        throttle: apigatewayv2.ThrottleSettings | None,
    ) -> apigatewayv2.WebSocketStage:
        return apigatewayv2.WebSocketStage(
            self,
            "Stage",
            web_socket_api=api,
            stage_name=stage_name,
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=throttle or DEFAULT_THROTTLE,
        )

    def _new_connection_handler(self, origins: Sequence[str]) -> lambda_.IFunction:
        connection = RuntimeFunction(
            self,
            "Connection",
            description="Remembers who is connected",
            entry_point=EntryPoint.CONNECTION,
            package=Package(code=runtime_code(self)),
            environment=ConnectionEnvironment(
                name=self._name,
                table_name=self.table.table_name,
                origins=",".join(origins) or None,
                callers=self.gate.callers,
            ),
            timeout=Duration.seconds(INTEGRATION_SECONDS),
            defaults=self.defaults,
        )
        tables.allow(connection, self.table, "PutItem", "DeleteItem")
        return connection.function

    def _new_message_handler(self, app: Handlers | None) -> lambda_.IFunction:
        message = RuntimeFunction(
            self,
            "Message",
            description="Answers what clients send",
            entry_point=EntryPoint.MESSAGE,
            package=app.with_layer(self.runtime_layer) if app else Package(code=runtime_code(self)),
            environment=MessageEnvironment(
                name=self._name,
                table_name=self.table.table_name,
                endpoint=self.callback_url,
                entry_point=app.entry_point if app else None,
            ),
            timeout=Duration.seconds(INTEGRATION_SECONDS),
            defaults=self.defaults,
        )
        tables.allow(message, self.table, *CHANNEL_ACTIONS)
        if self.gate.function is None:
            # API Gateway tells who connects and not who speaks later: the connection's item does.
            tables.allow(message, self.table, "GetItem")
        connections.allow(message, self.stage, "POST", "GET", "DELETE")
        return message.function

    def _add_routes(self, api: apigatewayv2.WebSocketApi) -> None:
        connect = WebSocketLambdaIntegration("Connect", self.connection_handler)
        disconnect = WebSocketLambdaIntegration("Disconnect", self.connection_handler)
        message = WebSocketLambdaIntegration("Message", self.message_handler)
        api.add_route(Route.CONNECT, integration=connect, authorizer=self.gate.socket)
        for route in (
            api.add_route(Route.DISCONNECT, integration=disconnect),
            api.add_route(Route.DEFAULT, integration=message),
        ):
            acknowledge(
                route,
                "API Gateway authorizes connections, which bring who they are to every route",
                "AwsSolutions-APIG4",
            )
