"""The table of a construct: made here, or the user's own, which must have the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import (
    RemovalPolicy,
    Stack,
    aws_dynamodb as dynamodb,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer_runtime import contract

KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_STREAM_ACTIONS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of string keys for listing what somebody has."""

    name: str
    partition_key: str
    sort_key: str
    projection: tuple[str, ...]


REQUESTS = Index(
    name=contract.OWNER_INDEX,
    partition_key=contract.OWNER_INDEX_PARTITION_KEY,
    sort_key=contract.OWNER_INDEX_SORT_KEY,
    projection=contract.OWNER_INDEX_PROJECTION,
)


def new_table(
    scope: Construct,
    removal_policy: RemovalPolicy,
    encryption_key: kms.IKey | None,
    *,
    index: Index | None = REQUESTS,
    stream: dynamodb.StreamViewType | None = dynamodb.StreamViewType.NEW_IMAGE,
) -> dynamodb.Table:
    """Create the table; TableV2 could not have a customer key in a stack without a region."""
    table = dynamodb.Table(
        scope,
        "Table",
        partition_key=_text(contract.PARTITION_KEY),
        sort_key=_text(contract.SORT_KEY),
        time_to_live_attribute=contract.TTL_ATTRIBUTE,
        stream=stream,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=removal_policy is not RemovalPolicy.DESTROY,
        removal_policy=removal_policy,
        encryption=(
            dynamodb.TableEncryption.CUSTOMER_MANAGED
            if encryption_key
            else dynamodb.TableEncryption.DEFAULT
        ),
        encryption_key=encryption_key,
    )
    if index is not None:
        table.add_global_secondary_index(
            index_name=index.name,
            partition_key=_text(index.partition_key),
            sort_key=_text(index.sort_key),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(index.projection),
        )
    return table


def check(table: dynamodb.ITable, *, index: Index | None, streams: bool) -> None:
    """Refuse a table that does not fit; of an imported one hardly anything is known.

    `streams` asks for the stream that requests are dispatched by.
    """
    resource = table.node.default_child
    faults: list[str] = []
    if isinstance(resource, (dynamodb.CfnTable, dynamodb.CfnGlobalTable)):
        faults = _faults(resource, index=index, streams=streams)
    elif streams and table.table_stream_arn is None:
        faults = ["table_stream_arn, in Table.from_table_attributes"]
    if faults:
        raise ValueError(
            f"table lacks {'; '.join(faults)}; add it, or leave table out to get one that fits"
        )


def _faults(
    resource: dynamodb.CfnTable | dynamodb.CfnGlobalTable, *, index: Index | None, streams: bool
) -> list[str]:
    # jsii cannot read these one by one: those of a global table are filled in at synthesis.
    properties: dict[str, Any] = Stack.of(resource).resolve(resource._cfn_properties)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    types = {
        attribute["attributeName"]: attribute["attributeType"]
        for attribute in properties["attributeDefinitions"]
    }
    keys = [(key["attributeName"], types[key["attributeName"]]) for key in properties["keySchema"]]
    ttl = properties.get("timeToLiveSpecification", {}).get("attributeName")
    wanted = [contract.PARTITION_KEY, contract.SORT_KEY]
    faults = {
        f"the string keys {wanted}": keys != [(name, "S") for name in wanted],
        f"the TTL attribute {contract.TTL_ATTRIBUTE!r}": ttl != contract.TTL_ATTRIBUTE,
        "a stream with new images": streams and "streamSpecification" not in properties,
    }
    lacking = [fault for fault, found in faults.items() if found]
    return lacking if index is None else [*lacking, *_index_faults(properties, index)]


def _index_faults(properties: dict[str, Any], index: Index) -> list[str]:
    names = [found["indexName"] for found in properties.get("globalSecondaryIndexes", [])]
    if index.name in names:
        return []
    keys = [index.partition_key, index.sort_key]
    return [
        f"the index {index.name!r} with the string keys {keys}, projecting {list(index.projection)}"
    ]


def allow(
    function: RuntimeFunction,
    table: dynamodb.ITable,
    *actions: str,
    only: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> None:
    """Let a function do `actions`, without their prefix, on items of the table."""
    function.allow(*(f"dynamodb:{action}" for action in actions), on=table.table_arn, only=only)
    _allow_key(function, table, *KEY_ACTIONS)


def grant(function: lambda_.Function, table: dynamodb.ITable, *actions: str) -> iam.Grant:
    """Let any function do `actions`, without their prefix, on the items of the table."""
    granted = iam.Grant.add_to_principal(
        grantee=function,
        actions=[f"dynamodb:{action}" for action in actions],
        resource_arns=[table.table_arn],
    )
    key = table.encryption_key
    return granted.combine(key.grant(function, *KEY_ACTIONS)) if key else granted


def statements(
    table: dynamodb.ITable, *actions: str, only: Mapping[str, Mapping[str, Sequence[str]]]
) -> Iterator[iam.PolicyStatement]:
    """Give what a role must be allowed to do `actions` on items of the table."""
    yield iam.PolicyStatement(
        actions=[f"dynamodb:{action}" for action in actions],
        resources=[table.table_arn],
        conditions=only,
    )
    if table.encryption_key is not None:
        yield iam.PolicyStatement(
            actions=list(KEY_ACTIONS), resources=[table.encryption_key.key_arn]
        )


def allow_index(function: RuntimeFunction, table: dynamodb.ITable, index: Index = REQUESTS) -> None:
    """Let a function list what an owner has."""
    function.allow("dynamodb:Query", on=f"{table.table_arn}/index/{index.name}")


def allow_stream(function: RuntimeFunction, table: dynamodb.ITable) -> None:
    """Let a function read the stream, directly or through an event source."""
    function.allow(*_STREAM_ACTIONS, on=str(table.table_stream_arn))
    _allow_key(function, table, "kms:Decrypt")


def _allow_key(function: RuntimeFunction, table: dynamodb.ITable, *actions: str) -> None:
    if table.encryption_key is not None:
        function.allow(*actions, on=table.encryption_key.key_arn)


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
