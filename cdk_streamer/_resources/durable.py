"""Durable functions: run as executions that outlive an invocation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import jsii
from aws_cdk import (
    Duration,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
)
from constructs import Construct, IValidation

from cdk_streamer._code.assets import durable_layer_code
from cdk_streamer._code.handlers import Handlers
from cdk_streamer._code.requirements import PYTHON
from cdk_streamer._resources.findings import acknowledge_wildcard
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer_runtime.contract import WORKER_TIMEOUT_SECONDS, EntryPoint, Environment

ALIAS = "live"

_NO_DESTINATION = "executions can have no destination; {}"
_EXECUTIONS = "an execution's ARN has a version, a name and an id that are made when it starts"
# https://docs.aws.amazon.com/lambda/latest/dg/durable-supported-runtimes.html
_FIRST_PYTHON = 13


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
        environment: Environment,
        *,
        description: str,
        entry_point: EntryPoint,
        execution_timeout: Duration,
        retention_period: Duration,
        who_starts_again: str,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> DurableFunction:
        """Create the function in `scope`, with all versions that executions still run in.

        retention_period: how long the name of an execution that has ended is taken.
        who_starts_again: and by that is no destination missed.
        """
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
            description=description,
            entry_point=entry_point,
            package=app.with_layer(layer),
            environment=environment,
            timeout=Duration.seconds(WORKER_TIMEOUT_SECONDS),
            defaults=defaults,
            repeats=True,
            why_nothing_is_kept=_NO_DESTINATION.format(who_starts_again),
            durable=lambda_.DurableConfig(
                execution_timeout=execution_timeout, retention_period=retention_period
            ),
        )
        if key is not None:
            _encrypt(function, key)
        _allow_checkpoints(function)
        alias = lambda_.Alias(function, "Live", alias_name=ALIAS, version=function.version)
        function.node.add_validation(cast("IValidation", _CanBeDurable(function)))
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


@jsii.implements(IValidation)
class _CanBeDurable:
    """Finds at synthesis what Lambda would refuse, whoever has changed the function since."""

    def __init__(self, function: RuntimeFunction) -> None:
        self._function = function

    def validate(self) -> list[str]:
        """Give the faults."""
        return list(self._faults())

    def _faults(self) -> Iterator[str]:
        for child in self._function.node.find_all():
            if isinstance(child, lambda_.CfnFunction) and _is_too_old(child.runtime):
                yield (
                    f"executions need Python 3.{_FIRST_PYTHON} or later, got {child.runtime!r}; "
                    "leave the runtime as it is"
                )
            if isinstance(child, lambda_.CfnEventInvokeConfig) and child.destination_config:
                yield (
                    f"executions can have no destinations, and {child.node.path!r} is one; "
                    "remove it: the alarms tell how executions end"
                )


def _is_too_old(runtime: str | None) -> bool:
    python = re.fullmatch(r"python3\.(\d+)", runtime or "")
    return python is not None and int(python[1]) < _FIRST_PYTHON


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
