"""A function that reads images, a chunk at a time; as many run at once as there are chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from aws_cdk import (
    Acknowledgment,
    Duration,
    Validations,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_logs as logs,
)
from constructs import Construct

from cdk_streamer import PythonCode


class Reader(Construct):
    """The function, with a role of its own that may write its log."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: str,
        layer: lambda_.ILayerVersion,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id)
        log_group = logs.LogGroup(self, "Logs", retention=logs.RetentionDays.ONE_MONTH)
        role = iam.Role(
            self,
            "Role",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
        )
        log_group.grant_write(cast("iam.IGrantable", role))
        function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=handler,
            code=PythonCode.from_folder(self, "handlers"),
            layers=[layer],
            role=cast("iam.IRole", role),
            log_group=log_group,
            environment=dict(environment),
            timeout=Duration.minutes(2),
            memory_size=1024,
            tracing=lambda_.Tracing.ACTIVE,
        )
        _acknowledge(role, "tracing has no resources", "AwsSolutions-IAM5[Resource::*]")
        _acknowledge(
            function,
            "its dependencies are resolved for this one",
            "AwsSolutions-L1",
            "Serverless-LambdaLatestVersion",
        )
        _acknowledge(
            function, "batches wait for its answer, and keep what failed", "Serverless-LambdaDLQ"
        )
        # For jsii's stubs, whose classes name parameters otherwise than their interfaces.
        self.function = cast("lambda_.IFunction", function)


def _acknowledge(construct: Construct, reason: str, *ids: str) -> None:
    for id in ids:
        Validations.of(construct).acknowledge(Acknowledgment(id=id, reason=reason))
