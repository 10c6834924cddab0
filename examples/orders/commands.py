"""The commands of the shop: each writes the table of orders, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

MINUTE = 60_000
MOST = 0.9  # of all orders are paid, and as many packed
CURRENCIES = ("EUR", "USD", "GBP")
NEW_CURRENCY = "CHF"  # which the listener does not know yet
CUSTOMERS = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a customer wants, and when it was paid and packed, in milliseconds since 1970."""

    id: str
    customer: str
    cents: int
    currency: str
    placed_at: int
    paid_at: int | None
    packed_at: int | None

    @property
    def changes(self) -> int:
        """How often it was written."""
        return 1 + (self.paid_at is not None) + (self.packed_at is not None)

    @property
    def state(self) -> str:
        """What happened to it last."""
        moments = {"paid": self.paid_at, "packed": self.packed_at, "placed": self.placed_at}
        return max(moments, key=lambda name: moments[name] or 0)

    @property
    def is_prompt(self) -> bool | None:
        """Whether it was paid and packed within ten minutes; None if one of them is missing."""
        if self.paid_at is None or self.packed_at is None:
            return None
        return abs(self.paid_at - self.packed_at) <= 10 * MINUTE


def orders(count: int, *, now: int, seed: int = 1) -> Iterator[Order]:
    """Make up orders of the last hour: the same ones for the same seed; one is in francs."""
    random = Random(seed)  # noqa: S311 - makes up orders
    for number in range(count):
        placed_at = now - random.randrange(40, 60) * MINUTE
        moments = [placed_at + minute * MINUTE for minute in random.sample(range(1, 25), 2)]
        paid_at, packed_at = (moment if random.random() < MOST else None for moment in moments)
        yield Order(
            id=f"order-{number + 1}",
            customer=random.choice(CUSTOMERS),
            cents=random.randrange(500, 20_000),
            currency=NEW_CURRENCY if number == count // 2 else random.choice(CURRENCIES),
            placed_at=placed_at,
            paid_at=paid_at,
            packed_at=packed_at,
        )


class Shop:
    """Writes the table of orders, through a boto3 client of DynamoDB."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401 - boto3 makes its types at run time
        self._dynamodb = dynamodb
        self._table = table

    def place(self, order: Order) -> None:
        """Write a new order; raises the client's error if it is there already."""
        texts = {
            "pk": order.id,
            "sk": "order",
            "discriminator": "order",
            "customer": order.customer,
            "currency": order.currency,
        }
        numbers = {"cents": order.cents, "placed_at": order.placed_at}
        self._dynamodb.put_item(
            TableName=self._table,
            Item={
                **{name: {"S": text} for name, text in texts.items()},
                **{name: {"N": str(number)} for name, number in numbers.items()},
            },
            ConditionExpression="attribute_not_exists(pk)",
        )

    def note(self, order: Order, what: str, moment: int) -> None:
        """Write that an order was `paid_at` or `packed_at` a moment."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"pk": {"S": order.id}, "sk": {"S": "order"}},
            UpdateExpression="SET #what = :moment",
            ExpressionAttributeNames={"#what": what},
            ExpressionAttributeValues={":moment": {"N": str(moment)}},
            ConditionExpression="attribute_exists(pk)",
        )

    def run(self, order: Order) -> None:
        """Write all that happens to an order, in the order in which it happens."""
        self.place(order)
        happened = {"paid_at": order.paid_at, "packed_at": order.packed_at}
        for moment, what in sorted((at, what) for what, at in happened.items() if at is not None):
            self.note(order, what, moment)
