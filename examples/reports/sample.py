"""Sample orders: one plausible year of a web shop, the same for the same seed.

Run `python -m examples.reports.sample orders.csv` to get a file.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

COLUMNS = ("order_id", "ordered_on", "region", "product", "quantity", "unit_price")
YEAR = 2025
ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What the shop sells; `weights` is its share of the orders from January to December."""

    name: str
    price: Decimal
    weights: tuple[int, ...]


_EVEN = (10,) * 12
_SUMMER = (4, 5, 8, 12, 18, 24, 26, 22, 12, 7, 5, 6)
_WINTER = (20, 17, 11, 7, 4, 3, 3, 4, 9, 14, 22, 30)
_GIFTS = (6, 8, 7, 8, 9, 7, 7, 7, 8, 10, 22, 38)

PRODUCTS = (
    Product(name="Trail backpack", price=Decimal("89.00"), weights=_SUMMER),
    Product(name="Two-person tent", price=Decimal("219.00"), weights=_SUMMER),
    Product(name="Down jacket", price=Decimal("179.00"), weights=_WINTER),
    Product(name="Wool hat & gloves", price=Decimal("34.50"), weights=_WINTER),
    Product(name="Headlamp", price=Decimal("42.00"), weights=_EVEN),
    Product(name="Gift card", price=Decimal("50.00"), weights=_GIFTS),
    Product(name="Camping stove", price=Decimal("64.90"), weights=_SUMMER),
    Product(name="Thermos bottle", price=Decimal("27.90"), weights=_EVEN),
)
REGIONS = {"North America": 34, "Europe": 29, "Asia": 21, "South America": 9, "Oceania": 7}
# Orders by month: a dull February, a summer, and the weeks before the holidays.
_MONTHS = (70, 62, 74, 80, 92, 104, 108, 98, 84, 90, 128, 150)


def sample_orders(rows: int = ROWS, seed: int = 2025) -> Iterator[Sequence[str]]:
    """Give the rows of the file below its header; about one in five thousand is damaged."""
    # Not for secrets: the same seed must give the same file.
    chance = random.Random(seed)  # noqa: S311
    days = _days()
    weights = [_MONTHS[day.month - 1] * (130 if day.weekday() >= 5 else 100) for day in days]  # noqa: PLR2004
    ordered = sorted(chance.choices(days, weights, k=rows))
    regions = chance.choices(list(REGIONS), list(REGIONS.values()), k=rows)
    quantities = chance.choices((1, 2, 3, 4, 5), (60, 24, 9, 4, 3), k=rows)
    for number, day, region, quantity in zip(
        range(1, rows + 1), ordered, regions, quantities, strict=True
    ):
        product = chance.choices(PRODUCTS, [item.weights[day.month - 1] for item in PRODUCTS])[0]
        discount = chance.choices((100, 90, 75), (80, 14, 6))[0]
        price = (product.price * discount / 100).quantize(Decimal("0.01"))
        amount = "" if chance.random() < 1 / 5_000 else str(quantity)
        yield (
            f"{YEAR}-{number:07d}",
            day.isoformat(),
            region,
            product.name,
            amount,
            str(price),
        )


def write_orders(path: Path, rows: int = ROWS, seed: int = 2025) -> None:
    """Write the sample file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sample_orders(rows, seed))


def _days() -> list[date]:
    start = date(YEAR, 1, 1)
    return [start + timedelta(days=index) for index in range((date(YEAR + 1, 1, 1) - start).days)]


def main() -> None:
    """Write the sample file that the command line names."""
    parser = argparse.ArgumentParser(description="write a CSV file of sample orders")
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=2025)
    arguments = parser.parse_args()
    write_orders(arguments.path, arguments.rows, arguments.seed)


if __name__ == "__main__":
    main()
