"""Where images wait until they are read, and what opens the database."""

from __future__ import annotations

from aws_cdk import (
    Acknowledgment,
    Duration,
    Stack,
    Validations,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_s3 as s3,
    aws_secretsmanager as secretsmanager,
)
from constructs import Construct

PLACE = "images/*"


class Images(Construct):
    """A bucket of images, which stay for a day."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(prefix="images/", expiration=Duration.days(1))],
        )
        Validations.of(self.bucket).acknowledge(
            Acknowledgment(id="AwsSolutions-S1", reason="two functions reach it, and both log")
        )

    def grant_unpack(self, function: lambda_.IFunction) -> None:
        """Let a function write images, and find them again."""
        self._grant(function, "s3:PutObject")
        iam.Grant.add_to_principal(
            grantee=function,
            actions=["s3:ListBucket"],
            resource_arns=[self.bucket.bucket_arn],
        )

    def grant_read(self, function: lambda_.IFunction) -> None:
        """Let a function read images."""
        self._grant(function, "s3:GetObject")

    def _grant(self, function: lambda_.IFunction, action: str) -> None:
        arn = self.bucket.arn_for_objects(PLACE)
        iam.Grant.add_to_principal(grantee=function, actions=[action], resource_arns=[arn])
        bucket = Stack.of(self).resolve(self.bucket.bucket_arn)["Fn::GetAtt"][0]
        Validations.of(function.role or function).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{PLACE}]",
                reason="images are named when they are unpacked, each under its request",
            )
        )


class Database(Construct):
    """The address and the password of a database that is not ours."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="host, port, user, password and database, as JSON; written by its keepers",
        )
        Validations.of(self.secret).acknowledge(
            Acknowledgment(
                id="AwsSolutions-SMG4", reason="the keepers of the database change its password"
            )
        )

    def grant_connect(self, function: lambda_.Function | lambda_.IFunction) -> None:
        """Let a function read it, and tell it where it is."""
        iam.Grant.add_to_principal(
            grantee=function,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.secret.secret_arn],
        )
