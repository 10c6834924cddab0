"""Orders, read from a CSV file line by line, so that a file of any size fits into memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice

from cdk_streamer_runtime import ActionFailed, ErrorCode

_COLUMNS = ("ordered_on", "region", "product", "quantity", "unit_price")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One line of the file."""

    ordered_on: date
    region: str
    product: str
    quantity: int
    unit_price: Decimal

    @property
    def revenue(self) -> Decimal:
        """What the customer paid."""
        return self.quantity * self.unit_price


class OrderFile:
    """The orders of one file. Damaged lines are left out and counted in `skipped`."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Read the header; raises ActionFailed when a column is missing."""
        self._lines = csv.reader(lines)
        self._places = _places(next(self._rows(), []))
        self.skipped = 0

    def batches(self, size: int) -> Iterator[list[Order]]:
        """Give the orders in lists of at most `size`."""
        rows = self._rows()
        while batch := list(islice(rows, size)):
            orders = [order for row in batch if (order := self._order(row)) is not None]
            self.skipped += len(batch) - len(orders)
            yield orders

    def _rows(self) -> Iterator[list[str]]:
        try:
            yield from self._lines
        except (csv.Error, UnicodeDecodeError) as failure:
            raise ActionFailed(
                f"this is not a CSV file in UTF-8, see about line {self._lines.line_num + 1}",
                code=ErrorCode.VALIDATION_ERROR,
            ) from failure

    def _order(self, row: list[str]) -> Order | None:
        try:
            ordered_on, region, product, quantity, unit_price = (row[at] for at in self._places)
            order = Order(
                ordered_on=date.fromisoformat(ordered_on),
                region=region,
                product=product,
                quantity=int(quantity),
                unit_price=Decimal(unit_price),
            )
        except (ValueError, ArithmeticError, IndexError):
            return None
        return order if order.unit_price.is_finite() and order.revenue >= 0 else None


def _places(header: list[str]) -> list[int]:
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise ActionFailed(
            f"the file has no column {', '.join(missing)}",
            code=ErrorCode.VALIDATION_ERROR,
            details={"missing": missing, "found": header[:20]},
        )
    return [header.index(column) for column in _COLUMNS]
