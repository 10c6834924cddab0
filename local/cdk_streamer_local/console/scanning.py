"""Whole tables of the engine, as far as one look at them goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.dynamodb import Item, unmarshal_item

PAGES = 20  # of a megabyte each


def scanned(
    aws: LeanClient, table: str, parameters: Mapping[str, object]
) -> tuple[list[Item], bool]:
    """Give the items that a Scan with these parameters finds, and whether there are more.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    """
    items: list[Item] = []
    start: Mapping[str, Any] = {}
    for _ in range(PAGES):
        answer = aws.call("dynamodb", "Scan", {"TableName": table, **parameters, **start})
        items += map(unmarshal_item, answer["Items"])
        last = answer.get("LastEvaluatedKey")
        if last is None:
            return items, False
        start = {"ExclusiveStartKey": last}
    return items, True
