"""What the function may do: the actions that its rules' steps name, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from aws_cdk import Stack, aws_kms as kms

from cdk_streamer._resources.findings import acknowledge_wildcard
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._resources.tables import KEY_ACTIONS
from cdk_streamer._streams.manifest import Use
from cdk_streamer._streams.named import Named
from cdk_streamer_runtime.contract.streams import CLAIM_PREFIX, ResourceKind

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
_OF_INDEXES = {"dynamodb:Query", "dynamodb:Scan"}
_OF_BUCKETS = {"s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"}
_READS_CLAIMS = {"s3:GetObject", "s3:GetObjectVersion"}
_INDEXES = "an index holds nothing that its table does not"
_OBJECTS = "the keys of objects are made when events are handled"
_SCHEDULES = "the names of schedules are made when events are handled"
# Of the key that a service encrypts with on behalf of who writes or reads.
_READ_KEY = ("kms:Decrypt",)
_WRITE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
_KEYS = {
    ResourceKind.TABLE: "encryption_key",
    ResourceKind.STREAM: "encryption_key",
    ResourceKind.QUEUE: "encryption_master_key",
    ResourceKind.TOPIC: "master_key",
    ResourceKind.BUCKET: "encryption_key",
    ResourceKind.SECRET: "encryption_key",
}


def read_grants(grants: Mapping[str, Sequence[str]] | None) -> tuple[Use, ...] | None:
    """Check what the user gave; raises ValueError with the remedy."""
    if grants is None:
        return None
    if not isinstance(cast("object", grants), Mapping):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"grants must be IAM actions by the names of resources, got {grants!r}; "
            "write grants={'table': ['dynamodb:UpdateItem']}"
        )
    for name, actions in grants.items():
        wrong = isinstance(actions, str) or not all(_is_action(action) for action in actions)
        if wrong or not actions:
            raise ValueError(
                f"grants[{name!r}] must be a list of IAM actions like 'dynamodb:UpdateItem', got "
                f"{actions!r}; name each of them, without wildcards"
            )
    return tuple(
        Use(kind=None, name=name, actions=tuple(sorted(set(grants[name]))), by="grants")
        for name in sorted(grants)
    )


def allow(function: RuntimeFunction, resource: Named, actions: Iterable[str]) -> None:
    """Let the function do `actions` on a resource, and use the key that encrypts it."""
    ordered = sorted(set(actions))
    if resource.kind is ResourceKind.CHANNELS:
        cast("Any", resource.construct).grant_publish(function.function)
        return
    for action in ordered:
        for arn in _arns(function, resource, action):
            function.allow(action, on=arn)
    _allow_key(function, resource, ordered)
    if resource.role is not None and any(action.startswith("scheduler:") for action in ordered):
        function.allow(
            "iam:PassRole",
            on=resource.role.role_arn,
            only={"StringEquals": cast("Any", {"iam:PassedToService": "scheduler.amazonaws.com"})},
        )


def actions_of(uses: Iterable[Use]) -> dict[str, set[str]]:
    """Give what is done with each resource, by its name."""
    found: dict[str, set[str]] = {}
    for use in uses:
        found.setdefault(use.name, set()).update(use.actions)
    return {name: found[name] for name in sorted(found)}


def _is_action(action: object) -> bool:
    return isinstance(action, str) and action.count(":") == 1 and "*" not in action


def _arns(function: RuntimeFunction, resource: Named, action: str) -> Iterable[str]:
    arn = resource.arn
    match resource.kind:
        case ResourceKind.TABLE if action in _OF_INDEXES:
            return [arn, _wildcard(function, f"{arn}/index/*", _INDEXES)]
        case ResourceKind.BUCKET if action not in _OF_BUCKETS:
            prefixes = _prefixes(resource, action)
            return [_wildcard(function, f"{arn}/{prefix}*", _OBJECTS) for prefix in prefixes]
        case ResourceKind.SCHEDULE_GROUP:
            return [_wildcard(function, _schedules(resource), _SCHEDULES)]
        case ResourceKind.SECRET if getattr(resource.construct, "secret_full_arn", None) is None:
            # Of a name alone, nobody here knows the six characters that end the ARN.
            return [f"{arn}-??????"]
        case _:
            return [arn]


def _prefixes(resource: Named, action: str) -> Sequence[str]:
    # Originals of faulty records are for those who mend them; rules read events alone.
    if CLAIM_PREFIX in resource.prefixes and action in _READS_CLAIMS:
        return [CLAIM_PREFIX]
    return resource.prefixes


def _schedules(resource: Named) -> str:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
    group = cast("Any", resource.construct)
    return Stack.of(resource.construct).format_arn(
        service="scheduler", resource="schedule", resource_name=f"{group.schedule_group_name}/*"
    )


def _wildcard(function: RuntimeFunction, arn: str, reason: str) -> str:
    acknowledge_wildcard(function.role, reason, arn)
    return arn


def _allow_key(function: RuntimeFunction, resource: Named, actions: Sequence[str]) -> None:
    if resource.kind not in _KEYS:
        return
    key: kms.IKey | None = getattr(resource.construct, _KEYS[resource.kind], None)
    if key is None:
        return
    wanted = sorted({one for action in actions for one in _key_actions(resource.kind, action)})
    if wanted:
        function.allow(*wanted, on=key.key_arn)


def _key_actions(kind: ResourceKind, action: str) -> Sequence[str]:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    match kind, action.partition(":")[2]:
        case ResourceKind.TABLE, _:
            return KEY_ACTIONS
        case ResourceKind.QUEUE | ResourceKind.TOPIC, _:
            return _WRITE_KEY
        case ResourceKind.STREAM, "PutRecord" | "PutRecords":
            return _WRITE_KEY
        case ResourceKind.BUCKET, "PutObject":
            return ("kms:GenerateDataKey",)
        case ResourceKind.BUCKET, "DeleteObject" | "ListBucket":
            return ()
        case _:
            return _READ_KEY
