"""Reads what a window fires, page by page, as it is now; pages stay attribute values.

Plain values of every row would take more time than all else that is done with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cdk_streamer_runtime.attributes import AttributeMap, unmarshal_item
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.timers import TIMER_RETENTION_SECONDS
from cdk_streamer_runtime.dynamodb import Delete, Item, Put, Table, Update
from cdk_streamer_runtime.errors import TransactionCancelled
from cdk_streamer_runtime.timers.schedules.wheel import WINDOW
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import due_moment, key_of, primary, registered_class
from cdk_streamer_runtime.timers.table.rows import Move, Partition


class Page(NamedTuple):
    """One answer of a query; `last` is the sort key after which the next page begins."""

    items: Sequence[AttributeMap]
    last: str | None


class Pages:
    """The rows of the wheel and the next firings of one table."""

    def __init__(self, aws: Aws, table_name: str) -> None:
        """Take the timers' table."""
        self._aws = aws
        self._table = Table(aws, table_name)

    def partitions(
        self, shard: str, window: int
    ) -> tuple[Sequence[Partition], Sequence[AttributeMap]]:
        """Give where rows of the window may lie, in order, and classes that cannot be read."""
        found = [Partition(keys.due_partition(shard, window))]
        unreadable: list[AttributeMap] = []
        for item in self._registry(shard):
            try:
                wheel_class = registered_class(unmarshal_item(item))
                if wheel_class is None:
                    continue
                slots = wheel_class.slots(window)
            except (KeyError, TypeError, ValueError):
                unreadable.append(item)
                continue
            for slot in dict.fromkeys(slots):
                pk = keys.slot_partition(shard, wheel_class.key, slot)
                found.append(Partition(pk, wheel_class, slot))
        return sorted(found, key=lambda partition: partition.pk), unreadable

    def page(self, partition: Partition, window: int, after: str | None) -> Page:
        """Read the rows that follow the sort key `after`; raises AwsError."""
        if partition.wheel_class is None:
            low, high = keys.due_sort(window), keys.due_sort(window + WINDOW)
            return self._page(partition.pk, after, low, high)
        return self._page(partition.pk, after)

    def data(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Give the data of timers from their own items, of those that are there; 100 at most."""
        wanted = [primary(keys.meta(id)) for id in dict.fromkeys(ids)]
        found = self._table.get_all(wanted, ["id", "data"])
        return {item["id"]: item["data"] for item in found if "data" in item}

    def move(self, move: Move) -> Item | None:
        """Put a timer's next firing in the place of the one that was sent; raises AwsError.

        Nothing is done when that is not the timer's any more. When it is but was edited, this
        gives it as it is now.
        """
        key = key_of(move.item)
        try:
            self._table.transact(_moved(move))
        except TransactionCancelled as error:
            if not error.condition_failed:
                raise
            timer = error.reasons[-1].get("Item")
            if timer is None or (timer.get("slot_pk"), timer.get("slot_sk")) != key:
                return None
            return self._table.get(primary(key))
        return None

    def _registry(self, shard: str) -> list[AttributeMap]:
        page = self._page(keys.class_registry(shard), None)
        items = list(page.items)
        while page.last is not None:
            page = self._page(keys.class_registry(shard), page.last)
            items += page.items
        return items

    def _page(self, pk: str, after: str | None, low: str = "", high: str = "") -> Page:
        values = {":pk": {"S": pk}}
        condition = "pk = :pk"
        if high:
            condition = "pk = :pk AND sk BETWEEN :low AND :high"
            values |= {":low": {"S": low}, ":high": {"S": high}}
        parameters: dict[str, Any] = {
            "TableName": self._table.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }
        if after is not None:
            parameters["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": after}}
        answer = self._aws.call("dynamodb", "Query", parameters)
        last = answer.get("LastEvaluatedKey")
        return Page(answer["Items"], None if last is None else last["sk"]["S"])


def _moved(move: Move) -> list[Put | Delete | Update]:
    """Give the writes, the timer's own the last."""
    item, to, key = move.item, move.to, key_of(move.item)
    ttl = due_moment(to) + TIMER_RETENTION_SECONDS
    id = item["sk"].partition("#")[2]
    values = {
        ":pk": to.pk,
        ":sk": to.sk,
        ":old_pk": key.pk,
        ":old_sk": key.sk,
        ":rev": item["rev"],
    }
    return [
        Put(item={**item, **primary(to), "ttl": ttl}),
        Delete(key=primary(key)),
        Update(
            key=primary(keys.meta(id)),
            expression="SET slot_pk = :pk, slot_sk = :sk",
            condition="slot_pk = :old_pk AND slot_sk = :old_sk AND rev = :rev",
            values=values,
        ),
    ]
