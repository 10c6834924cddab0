"""The durable function, for actions that take longer than a worker can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from aws_cdk import (
    Duration,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._code.assets import durable_layer_code
from cdk_streamer._code.handlers import Handlers
from cdk_streamer._code.requirements import PYTHON
from cdk_streamer._resources.findings import acknowledge_wildcard
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer_runtime.contract import (
    WORKER_TIMEOUT_SECONDS,
    DurableEnvironment,
    EntryPoint,
)

ALIAS = "live"

# An execution's name may be used again as soon as Lambda has forgotten it.
_HISTORY = Duration.days(1)
_NO_DESTINATION = "executions can have no destination; the watcher starts again what did not start"
_EXECUTIONS = "an execution's ARN has a version, a name and an id that are made when it starts"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableFunction:
    """The function, and the alias that executions are started by."""

    function: RuntimeFunction
    alias: lambda_.Alias
    key: kms.IKey | None

    @classmethod
    def create(
        cls,
        scope: Construct,
        app: Handlers,
        environment: DurableEnvironment,
        *,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> DurableFunction:
        """Create the function in `scope`, with all versions that executions still run in."""
        layer = lambda_.LayerVersion(
            scope,
            "DurableRuntime",
            description="cdk_streamer_runtime and the SDK of durable functions",
            code=durable_layer_code(scope, defaults.architecture),
            compatible_runtimes=[PYTHON],
        )
        function = RuntimeFunction(
            scope,
            "Durable",
            description="Runs durable actions",
            entry_point=EntryPoint.DURABLE,
            package=app.with_layer(layer),
            environment=environment,
            timeout=Duration.seconds(WORKER_TIMEOUT_SECONDS),
            defaults=defaults,
            repeats=True,
            why_nothing_is_kept=_NO_DESTINATION,
            durable=lambda_.DurableConfig(
                execution_timeout=Duration.seconds(environment.execution_timeout_seconds),
                retention_period=_HISTORY,
            ),
        )
        if key is not None:
            _encrypt(function, key)
        _allow_checkpoints(function)
        alias = lambda_.Alias(function, "Live", alias_name=ALIAS, version=function.version)
        return cls(function=function, alias=alias, key=key)

    def allow_start(self, function: RuntimeFunction) -> None:
        """Let a function start executions."""
        function.allow("lambda:InvokeFunction", on=self.alias.function_arn)
        self._allow_key(function)

    def allow_end(self, function: RuntimeFunction) -> None:
        """Let a function stop executions, and answer what they ask."""
        self._allow(
            function, "lambda:StopDurableExecution", "lambda:SendDurableExecutionCallbackSuccess"
        )
        self._allow_key(function)

    def allow_watch(self, function: RuntimeFunction) -> None:
        """Let a function find executions and see how they stand."""
        arn = self.function.function.function_arn
        function.allow("lambda:ListDurableExecutionsByFunction", on=arn)
        self._allow(
            function, "lambda:ListDurableExecutionsByFunction", "lambda:GetDurableExecution"
        )

    def _allow(self, function: RuntimeFunction, *actions: str) -> None:
        arn = f"{self.function.function.function_arn}:*"
        function.allow(*actions, on=arn)
        acknowledge_wildcard(function.role, _EXECUTIONS, arn)

    def _allow_key(self, function: RuntimeFunction) -> None:
        if self.key is not None:
            function.allow("kms:Decrypt", "kms:GenerateDataKey", on=self.key.key_arn)


def _encrypt(function: RuntimeFunction, key: kms.IKey) -> None:
    resource = function.function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101 - tells the type
    # lambda_.DurableConfig knows no key.
    resource.add_property_override("DurableConfig.KMSKeyArn", key.key_arn)
    function.allow("kms:Decrypt", "kms:GenerateDataKey", on=key.key_arn)


def _allow_checkpoints(function: RuntimeFunction) -> None:
    # In a policy of its own, since a role that names its function would wait for it for ever.
    # https://docs.aws.amazon.com/lambda/latest/dg/durable-security.html
    arn = f"{function.function.function_arn}:*"
    policy = iam.Policy(
        function,
        "Checkpoints",
        statements=[
            iam.PolicyStatement(
                actions=["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
                resources=[arn],
            )
        ],
        roles=[cast("iam.IRole", function.role)],
    )
    acknowledge_wildcard(policy, _EXECUTIONS, arn)
