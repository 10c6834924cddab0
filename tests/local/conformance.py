"""One way to ask MemoryAws and the engine the same, and to compare what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from cdk_streamer_runtime.attributes import marshal_item
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError, ConditionFailed, TransactionCancelled
from cdk_streamer_runtime.memory import IndexSchema, TableSchema

TABLE = TableSchema(
    name="conformance",
    partition_key="pk",
    sort_key="sk",
    indexes=(
        IndexSchema(
            name="by_owner",
            partition_key="owner_key",
            sort_key="created_key",
            projection=("title",),
        ),
    ),
)
CREATE_TABLE: dict[str, Any] = {
    "TableName": TABLE.name,
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("pk", "sk", "owner_key", "created_key")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_owner",
            "KeySchema": [
                {"AttributeName": "owner_key", "KeyType": "HASH"},
                {"AttributeName": "created_key", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]},
        }
    ],
}
EMPTY = (("Attributes", {}), ("UnprocessedKeys", {}), ("UnprocessedItems", {}))
_partitions = count()


def fresh_partition() -> str:
    """Give a partition key that no other question of this run uses."""
    return f"partition-{next(_partitions)}"


def answer(aws: Aws, operation: str, parameters: Mapping[str, object]) -> object:
    """Give what AWS answers, or the code of its error and what that carries, comparable."""
    table = {} if operation.startswith(("Transact", "Batch")) else {"TableName": TABLE.name}
    try:
        return _comparable(aws.call("dynamodb", operation, {**table, **parameters}))
    except ConditionFailed as error:
        return error.code, _comparable(error.item)
    except TransactionCancelled as error:
        return error.code, [_comparable(reason) for reason in error.reasons]
    except AwsError as error:
        return error.code


def put(aws: Aws, partition: str, item: Mapping[str, object], sort: str = "a") -> None:
    """Store an item of plain values."""
    parameters = {"Item": marshal_item({"pk": partition, "sk": sort, **item})}
    aws.call("dynamodb", "PutItem", {"TableName": TABLE.name, **parameters})


def stored(aws: Aws, partition: str, sort: str = "a") -> object:
    """Give an item as it is stored."""
    key = marshal_item({"pk": partition, "sk": sort})
    return answer(aws, "GetItem", {"Key": key, "ConsistentRead": True})


def _comparable(value: Any) -> Any:
    """Leave out what AWS leaves open (order in a set) and where the engine says {} for nothing."""
    if isinstance(value, dict):
        return {
            name: sorted(each) if name in {"SS", "NS", "BS"} else _comparable(each)
            for name, each in value.items()
            if (name, each) not in EMPTY
        }
    return [_comparable(each) for each in value] if isinstance(value, list) else value
