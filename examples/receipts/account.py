"""What was drawn against what is stored: each receipt once, with its total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from examples.receipts.database.server import Row
from examples.receipts.sample import Receipt

SHOWN = 3  # of what is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The receipts that were drawn, and the rows of the database."""

    receipts: Sequence[Receipt]
    rows: Sequence[Row]

    @property
    def missing(self) -> list[Receipt]:
        """What was drawn and is not stored."""
        stored = {(row.shop, row.number) for row in self.rows}
        return [one for one in self.receipts if (one.shop.tax_number, one.number) not in stored]

    @property
    def repeated(self) -> int:
        """How many rows came more than once."""
        return sum(row.deliveries > 1 for row in self.rows)

    @property
    def drawn(self) -> Decimal:
        """What all receipts make, as they were drawn."""
        return sum((receipt.total for receipt in self.receipts), Decimal(0))

    @property
    def stored(self) -> Decimal:
        """What all rows make."""
        return sum((row.total for row in self.rows), Decimal(0))

    @property
    def faults(self) -> list[str]:
        """What is not as it should be."""
        wanted = {(one.shop.tax_number, one.number): one.total for one in self.receipts}
        found = [(row.shop, row.number) for row in self.rows]
        wrong = [f"{one.name} is not stored" for one in self.missing]
        wrong += [f"{key} is stored and was never drawn" for key in found if key not in wanted]
        wrong += [
            f"{row.number} has {row.total} and should have {wanted[row.shop, row.number]}"
            for row in self.rows
            if wanted.get((row.shop, row.number), row.total) != row.total
        ]
        if len(set(found)) != len(found):
            wrong.append("a receipt is stored twice")
        return wrong
