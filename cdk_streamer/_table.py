"""The table of a construct: made here, or the user's own, which must have the same keys."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from cdk_streamer_runtime import contract
from constructs import Construct

from cdk_streamer._function import RuntimeFunction

_KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_STREAM_ACTIONS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")


def new_table(
    scope: Construct, *, removal_policy: RemovalPolicy, encryption_key: kms.IKey | None
) -> dynamodb.Table:
    """Create the table; TableV2 could not have a customer key in a stack without a region."""
    table = dynamodb.Table(
        scope,
        "Table",
        partition_key=_text(contract.PARTITION_KEY),
        sort_key=_text(contract.SORT_KEY),
        time_to_live_attribute=contract.TTL_ATTRIBUTE,
        stream=dynamodb.StreamViewType.NEW_IMAGE,
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
    table.add_global_secondary_index(
        index_name=contract.OWNER_INDEX,
        partition_key=_text(contract.OWNER_INDEX_PARTITION_KEY),
        sort_key=_text(contract.OWNER_INDEX_SORT_KEY),
        projection_type=dynamodb.ProjectionType.INCLUDE,
        non_key_attributes=list(contract.OWNER_INDEX_PROJECTION),
    )
    return table


def check_keys(table: dynamodb.ITable) -> None:
    """Refuse a table with other keys; of an imported one nothing is known."""
    if not isinstance(table, dynamodb.Table):
        return
    schema = table.schema_v2()
    names = [key.name for key in (*schema.partition_keys, *schema.sort_keys)]
    wanted = [contract.PARTITION_KEY, contract.SORT_KEY]
    if names != wanted:
        raise ValueError(
            f"table must have the string keys {wanted}, got {names}; "
            "leave table out to get one that fits"
        )


def check_stream(table: dynamodb.ITable) -> None:
    """Refuse a table without a stream, through which requests are dispatched."""
    if not table.table_stream_arn:
        raise ValueError(
            "table must have a stream with new images; set stream=StreamViewType.NEW_IMAGE, or for "
            "an imported one Table.from_table_attributes(..., table_stream_arn=...)"
        )


def allow(function: RuntimeFunction, table: dynamodb.ITable, *actions: str) -> None:
    """Let a function do `actions`, without their prefix, on the items of the table."""
    function.allow(*(f"dynamodb:{action}" for action in actions), on=table.table_arn)
    _allow_key(function, table, *_KEY_ACTIONS)


def grant(function: lambda_.IFunction, table: dynamodb.ITable, *actions: str) -> iam.Grant:
    """Let any function do `actions`, without their prefix, on the items of the table."""
    granted = iam.Grant.add_to_principal(
        grantee=function,
        actions=[f"dynamodb:{action}" for action in actions],
        resource_arns=[table.table_arn],
    )
    key = table.encryption_key
    return granted.combine(key.grant(function, *_KEY_ACTIONS)) if key else granted


def allow_index(function: RuntimeFunction, table: dynamodb.ITable) -> None:
    """Let a function list what an owner has."""
    function.allow("dynamodb:Query", on=f"{table.table_arn}/index/{contract.OWNER_INDEX}")


def allow_stream(function: RuntimeFunction, table: dynamodb.ITable) -> None:
    """Let a function read the stream, directly or through an event source."""
    assert table.table_stream_arn is not None
    function.allow(*_STREAM_ACTIONS, on=table.table_stream_arn)
    _allow_key(function, table, "kms:Decrypt")


def _allow_key(function: RuntimeFunction, table: dynamodb.ITable, *actions: str) -> None:
    if table.encryption_key is not None:
        function.allow(*actions, on=table.encryption_key.key_arn)


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
