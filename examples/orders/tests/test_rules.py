"""The rules of the three processors, with AWS in memory."""

from __future__ import annotations

from typing import Any

import pytest
from handlers import (
    currencies,  # pyright: ignore[reportAttributeAccessIssue] - of this example
    evaluator,  # pyright: ignore[reportAttributeAccessIssue] - the same
    listener,  # pyright: ignore[reportAttributeAccessIssue] - the same
    trigger,  # pyright: ignore[reportAttributeAccessIssue] - the same
)

from cdk_streamer_runtime.streams import to_dynamodb_records, to_sqs_records
from cdk_streamer_runtime.testing import MemoryProcessor

NOW, MINUTE = 1_700_000_000_000, 60_000
APPS = {"Trigger": trigger.app, "Listener": listener.app, "Evaluator": evaluator.app}


class Shop:
    """The processors, and what each of them reads."""

    def __init__(self) -> None:
        self.trigger, self.listener, self.evaluator = MemoryProcessor.several(APPS)
        self._writes = 0

    def write(self, new: dict[str, Any], old: dict[str, Any] | None = None) -> None:
        """Let the table of orders change, and everybody read what comes of it."""
        self._writes += 1
        change = {"id": f"change-{self._writes}", "raw": {"new": new, "old": old}}
        self.trigger.handle(to_dynamodb_records([change]))
        while True:
            if heard := self.listener.heard():
                self.listener.handle(heard)
            elif changed := self.evaluator.changes():
                self.evaluator.handle(changed)
            else:
                return

    def item(self, order: str, kind: str) -> dict[str, Any] | None:
        """Give an item of the view."""
        found = [each for each in self.listener.items() if each["pk"] == order]
        return next((each for each in found if each["sk"] == kind), None)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def order(**members: Any) -> dict[str, Any]:
    return {
        "pk": "order-1",
        "sk": "order",
        "discriminator": "order",
        "customer": "Ada",
        "currency": "USD",
        "cents": 1_000,
        "placed_at": NOW,
        **members,
    }


def test_a_new_order_is_in_the_view_in_euros(shop: Shop):
    shop.write(order())
    item = shop.item("order-1", "order")
    assert item is not None
    assert (item["state"], item["euros"]) == ("placed", 8.6)


@pytest.mark.parametrize(("minute", "kept"), [(15, True), (16, False)])
def test_an_order_is_ready_when_it_is_paid_within_ten_minutes(
    shop: Shop, minute: int, *, kept: bool
):
    packed_at = NOW + 5 * MINUTE
    shop.write(order())
    shop.write(order(packed_at=packed_at), order())
    shop.write(
        order(packed_at=packed_at, paid_at=NOW + minute * MINUTE), order(packed_at=packed_at)
    )
    promise = shop.item("order-1", "promise")
    assert promise is not None
    assert promise["kept"] is kept


def test_half_an_order_promises_nothing(shop: Shop):
    shop.write(order())
    shop.write(order(paid_at=NOW + 5 * MINUTE), order())
    assert shop.item("order-1", "promise") is None


def test_what_changes_nothing_that_matters_is_not_published(shop: Shop):
    shop.write(order(customer="Grace"), order())
    assert shop.trigger.events() == []


def test_an_unknown_currency_is_one_fault_until_it_is_known(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    placed = {"id": "e-1", "type": "order-placed", "timestamp": 1, "partitionKey": "order-1"}
    event = to_sqs_records([{**placed, "order": {**order(currency="CHF"), "id": "order-1"}}])

    assert shop.listener.handle(event) == {"batchItemFailures": []}
    (fault,) = shop.listener.faults()
    assert (fault["err"]["name"], fault["pipelines"]) == ("KeyError", ["view"])

    monkeypatch.setitem(currencies.EUROS, "CHF", 1.0)
    shop.listener.handle({"Records": [fault["record"]], "resubmission": {"pipelines": ["view"]}})
    assert shop.item("order-1", "order") is not None
