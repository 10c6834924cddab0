"""The bucket of the reports application, and who may do what in it."""

from __future__ import annotations

from aws_cdk import (
    Acknowledgment,
    Duration,
    Stack,
    Validations,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_s3 as s3,
)
from constructs import Construct


class Files(Construct):
    """Reports, which stay for a week."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(prefix="reports/", expiration=Duration.days(7))],
        )
        Validations.of(self.bucket).acknowledge(
            Acknowledgment(
                id="AwsSolutions-S1",
                reason="every object is reached by a link of a function, which logs who got it",
            )
        )

    def grant_reporting(self, function: lambda_.IFunction) -> None:
        """Let a function write reports, and sign links that show them."""
        self._grant(function, "s3:PutObject", "reports/*")
        self._grant(function, "s3:GetObject", "reports/*")

    def _grant(self, function: lambda_.IFunction, action: str, objects: str) -> None:
        arn = self.bucket.arn_for_objects(objects)
        iam.Grant.add_to_principal(grantee=function, actions=[action], resource_arns=[arn])
        bucket = Stack.of(self).resolve(self.bucket.bucket_arn)["Fn::GetAtt"][0]
        Validations.of(function.role or function).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{objects}]",
                reason="objects are named when they are made, each under its caller's prefix",
            )
        )
