"""The bucket of an API: results too large for the table, and what clients upload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy, aws_kms as kms, aws_s3 as s3
from constructs import Construct

from cdk_streamer._resources.findings import acknowledge, acknowledge_wildcard
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer_runtime.contract import RESULT_PREFIX, UPLOAD_PREFIX

_DAY = 24 * 60 * 60
_KEYS = "the keys of objects are made when requests end and clients upload"
_TLS = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a request can be open, and how long it can be read after its end."""

    open_seconds: int
    kept_seconds: int


def new_bucket(
    scope: Construct,
    lifetimes: Lifetimes,
    origins: Sequence[str],
    *,
    key: kms.IKey | None,
    removal_policy: RemovalPolicy,
) -> s3.Bucket:
    """Create the bucket: private, encrypted, reached by TLS alone, and empty in the end."""
    return new_private_bucket(
        scope,
        "Bucket",
        key=key,
        rules=_rules(lifetimes),
        cors=_cors(origins),
        removal_policy=removal_policy,
    )


def new_private_bucket(
    scope: Construct,
    id: str,
    *,
    key: kms.IKey | None,
    rules: Sequence[s3.LifecycleRule],
    removal_policy: RemovalPolicy,
    cors: Sequence[s3.CorsRule] | None = None,
) -> s3.Bucket:
    """Create a bucket whose objects are written once and expire."""
    bucket = s3.Bucket(
        scope,
        id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=_TLS,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=key is not None or None,
        # No object is written twice, and what has expired is meant to be gone.
        versioned=False,
        lifecycle_rules=list(rules),
        cors=None if cors is None else list(cors),
        removal_policy=removal_policy,
    )
    acknowledge(
        bucket,
        "access logs need a bucket of their own; CloudTrail's data events tell the same",
        "AwsSolutions-S1",
    )
    return bucket


def allow_results(function: RuntimeFunction, bucket: s3.IBucket, *actions: str) -> None:
    """Let a function do `actions`, without their prefix, on the results of requests."""
    _allow(function, bucket, RESULT_PREFIX, actions)


def allow_uploads(function: RuntimeFunction, bucket: s3.IBucket, *actions: str) -> None:
    """Let a function do `actions`, without their prefix, on what clients upload."""
    _allow(function, bucket, UPLOAD_PREFIX, actions)


def _allow(
    function: RuntimeFunction, bucket: s3.IBucket, prefix: str, actions: Sequence[str]
) -> None:
    arn = bucket.arn_for_objects(f"{prefix}*")
    function.allow(*(f"s3:{action}" for action in actions), on=arn)
    acknowledge_wildcard(function.role, _KEYS, arn)
    if bucket.encryption_key is not None:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
        uses = {"GetObject": "kms:Decrypt", "PutObject": "kms:GenerateDataKey"}
        function.allow(*(uses[action] for action in actions), on=bucket.encryption_key.key_arn)


def _rules(lifetimes: Lifetimes) -> list[s3.LifecycleRule]:
    # A result is written when its request ends; an upload waits for the request before that.
    return [
        s3.LifecycleRule(
            id="Results",
            prefix=RESULT_PREFIX,
            expiration=_days(lifetimes.kept_seconds),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        ),
        s3.LifecycleRule(
            id="Uploads",
            prefix=UPLOAD_PREFIX,
            expiration=_days(lifetimes.kept_seconds + lifetimes.open_seconds),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        ),
    ]


def _days(seconds: int) -> Duration:
    # One more, since S3 counts from midnight on, and DynamoDB forgets late.
    return Duration.days(-(-seconds // _DAY) + 1)


def _cors(origins: Sequence[str]) -> list[s3.CorsRule] | None:
    if not origins:
        return None
    return [
        s3.CorsRule(
            allowed_origins=list(origins),
            allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.PUT],
            allowed_headers=["content-type"],
            exposed_headers=["etag"],
            max_age=3_600,
        )
    ]
