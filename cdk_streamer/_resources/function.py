"""Lambda functions of the constructs: the one place for their defaults.

Everything that a feature flag could decide is said here, so that flags do not change a template.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_logs as logs,
)
from constructs import Construct

from cdk_streamer._code.package import Package
from cdk_streamer._code.requirements import PYTHON
from cdk_streamer._resources.findings import acknowledge, acknowledge_policy, acknowledge_wildcard
from cdk_streamer_runtime.contract import Environment

_TRACING = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_NO_EVENTS = "nothing invokes it asynchronously; event sources keep what failed by themselves"
_INTERFACES = "network interfaces have no name yet when Lambda's own policy lets it make them"
# What makes a version another one; without them a new layer would not.
_VERSION_FLAGS = (
    "@aws-cdk/aws-lambda:recognizeVersionProps",
    "@aws-cdk/aws-lambda:recognizeLayerVersion",
)
_LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What all functions of one construct share."""

    architecture: lambda_.Architecture = lambda_.Architecture.ARM_64
    log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN


class RuntimeFunction(Construct):
    """A function of the runtime, with a role that may do what `allow` was told and nothing else.

    The casts are for jsii's stubs, whose classes name parameters otherwise than their interfaces.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        description: str,
        entry_point: str,
        package: Package,
        environment: Environment,
        timeout: Duration,
        defaults: Defaults,
        repeats: bool = False,
        durable: lambda_.DurableConfig | None = None,
        why_nothing_is_kept: str = _NO_EVENTS,
    ) -> None:
        """Create the function.

        entry_point: `module.attribute`, of the runtime or of the user's code.

        repeats: it queues what comes back to it, for a while: Lambda must not take that for a loop.
        durable: it is run as durable executions, of versions that are kept for them.
        why_nothing_is_kept: of what it was invoked with and could not do.
        """
        super().__init__(scope, id)
        for flag in _VERSION_FLAGS if durable else ():
            self.node.set_context(flag, True)  # noqa: FBT003 - as jsii has it
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=defaults.log_retention,
            removal_policy=defaults.removal_policy,
        )
        # Inline, and minimized here: flags about policies of their own do not reach it.
        self._statements = iam.PolicyDocument(minimize=True)
        self._variables = environment.to_variables()
        self.role = self._new_role(in_vpc=package.vpc is not None)
        self._function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=PYTHON,
            architecture=defaults.architecture,
            handler=str(entry_point),
            code=package.code,
            layers=list(package.layers),
            environment={**package.variables, **self._variables},
            timeout=timeout,
            memory_size=package.memory_size,
            vpc=package.vpc,
            vpc_subnets=package.vpc_subnets,
            security_groups=package.security_groups,
            role=cast("iam.IRole", self.role),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            recursive_loop=lambda_.RecursiveLoop.ALLOW if repeats else None,
            durable_config=durable,
            current_version_options=(
                lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN) if durable else None
            ),
        )
        self.allow(*_LOGGING, on=log_group.log_group_arn)
        self._trace()
        self._explain(why_nothing_is_kept)

    @property
    def function(self) -> lambda_.IFunction:
        """The function, for whoever grants it something or lets something invoke it."""
        return cast("lambda_.IFunction", self._function)

    @property
    def version(self) -> lambda_.IVersion:
        """The function as it is deployed now."""
        return cast("lambda_.IVersion", self._function.current_version)

    @staticmethod
    def of(function: lambda_.IFunction) -> RuntimeFunction:
        """Give the construct around one of our own functions."""
        scope = function.node.scope
        if not isinstance(scope, RuntimeFunction):
            raise TypeError(f"{function.node.path} is no function of the runtime")
        return scope

    def has_any(self, variables: Collection[str]) -> bool:
        """Tell whether the function was made with some of these settings."""
        return not self._variables.keys().isdisjoint(variables)

    def allow(
        self, *actions: str, on: str, only: Mapping[str, Mapping[str, Sequence[str]]] | None = None
    ) -> None:
        """Let the function do `actions` on the resource with the ARN `on`, under a condition."""
        self._statements.add_statements(
            iam.PolicyStatement(actions=list(actions), resources=[on], conditions=only)
        )

    def set_environment(self, environment: Environment) -> None:
        """Write settings, in place of those with the same names."""
        for name, value in environment.to_variables().items():
            self._function.add_environment(name, value)

    def describe(self, name: str, value: object) -> None:
        """Write into the template what tools read about the function."""
        resource = self._function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101 - tells the type
        resource.add_metadata(name, value)

    def _explain(self, why_nothing_is_kept: str) -> None:
        acknowledge(
            self._function,
            "our code and the wheels of dependencies are resolved and tested for Python 3.13",
            "AwsSolutions-L1",
            "Serverless-LambdaLatestVersion",
        )
        acknowledge(self._function, why_nothing_is_kept, "Serverless-LambdaDLQ")

    def _new_role(self, *, in_vpc: bool) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
            inline_policies={"Runtime": self._statements},
        )
        if in_vpc:
            policy = iam.ManagedPolicy.from_aws_managed_policy_name(
                "service-role/AWSLambdaENIManagementAccess"
            )
            role.add_managed_policy(policy)
            acknowledge_policy(role, _INTERFACES, policy.managed_policy_arn)
        return role

    def _trace(self) -> None:
        # Not by `tracing=`, which makes a policy of its own under one of the flags.
        resource = self._function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101 - tells the type
        resource.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
        self.allow(*_TRACING, on="*")
        reason = "X-Ray's write actions have no resource level"
        acknowledge_wildcard(self.role, reason, "*")
        acknowledge(self.role, reason, "Serverless-LambdaStarPermissions")
