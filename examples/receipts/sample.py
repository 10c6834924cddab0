"""Sample receipts: what was bought where, the same ones for the same seed.

Run `python -m examples.receipts.sample receipts.zip` to get an archive of their images.
"""

from __future__ import annotations

import argparse
import random
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

RECEIPTS = 300
YEAR = 2026
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate of VAT, and the members of the fiscal code that carry its base and its tax."""

    percent: int
    members: tuple[str, str]


REDUCED = Rate(percent=6, members=("I3", "I4"))
INTERMEDIATE = Rate(percent=13, members=("I5", "I6"))
NORMAL = Rate(percent=23, members=("I7", "I8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A line of a receipt."""

    name: str
    quantity: int
    price: Decimal
    rate: Rate

    @property
    def amount(self) -> Decimal:
        """What it costs, tax included."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Who sells what. Nobody has these tax numbers: their last digit is none that checks."""

    name: str
    street: str
    tax_number: str
    goods: Sequence[tuple[str, str, Rate]]


SHOPS = (
    Shop(
        name="Padaria da Esquina",
        street="Rua das Flores 12, Lisboa",
        tax_number="500100201",
        goods=(
            ("Bread roll", "0.25", REDUCED),
            ("Rye bread", "2.40", REDUCED),
            ("Custard tart", "1.30", NORMAL),
            ("Espresso", "0.90", INTERMEDIATE),
            ("Orange juice", "2.80", INTERMEDIATE),
        ),
    ),
    Shop(
        name="Mercearia Oliveira",
        street="Travessa do Carmo 3, Porto",
        tax_number="500200308",
        goods=(
            ("Olive oil 0.75 l", "8.95", REDUCED),
            ("Tomatoes 1 kg", "2.19", REDUCED),
            ("Sardines, tin", "1.85", INTERMEDIATE),
            ("Sheep cheese", "6.40", REDUCED),
            ("Dish soap", "2.75", NORMAL),
            ("Red wine", "5.90", INTERMEDIATE),
        ),
    ),
    Shop(
        name="Papelaria Central",
        street="Praca da Republica 8, Coimbra",
        tax_number="500300402",
        goods=(
            ("Notebook A5", "3.20", NORMAL),
            ("Pencils, box", "4.50", NORMAL),
            ("Ink cartridge", "18.90", NORMAL),
            ("Novel", "14.50", REDUCED),
            ("Envelopes", "2.10", NORMAL),
        ),
    ),
    Shop(
        name="Tasca do Rio",
        street="Cais da Ribeira 40, Porto",
        tax_number="500400509",
        goods=(
            ("Soup of the day", "3.00", INTERMEDIATE),
            ("Grilled octopus", "16.50", INTERMEDIATE),
            ("Cod with cream", "13.90", INTERMEDIATE),
            ("House wine", "4.80", NORMAL),
            ("Water", "1.60", INTERMEDIATE),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is drawn. `number` is the shop's own, and no other receipt of the shop has it."""

    shop: Shop
    number: str
    day: date
    positions: Sequence[Position]

    @property
    def name(self) -> str:
        """The name of its image."""
        return f"{self.shop.tax_number}-{self.number.rpartition('/')[2]}.png"

    @property
    def total(self) -> Decimal:
        """What was paid, tax included."""
        return sum((position.amount for position in self.positions), Decimal(0))

    @property
    def taxes(self) -> dict[Rate, tuple[Decimal, Decimal]]:
        """Base and tax of each rate."""
        gross: dict[Rate, Decimal] = {}
        for position in self.positions:
            gross[position.rate] = gross.get(position.rate, Decimal(0)) + position.amount
        return {rate: _parted(amount, rate) for rate, amount in gross.items()}

    @property
    def code(self) -> str:
        """The text of its fiscal code, in the form that receipts carry in Portugal."""
        taxes = sorted(self.taxes.items(), key=lambda entry: entry[0].percent)
        tax = sum((part for _, (_, part) in taxes), Decimal(0))
        amounts = [
            (member, str(amount))
            for rate, parts in taxes
            for member, amount in zip(rate.members, parts, strict=True)
        ]
        members = [
            ("A", self.shop.tax_number),
            ("B", "999999990"),  # a customer without a number
            ("C", "PT"),
            ("D", "FS"),  # a simplified invoice
            ("E", "N"),
            ("F", f"{self.day:%Y%m%d}"),
            ("G", self.number),
            ("H", f"CDK{self.shop.tax_number[3:6]}AB-{self.number.rpartition('/')[2]}"),
            ("I1", "PT"),
            *amounts,
            ("N", str(tax)),
            ("O", str(self.total)),
            ("Q", "demo"),
            ("R", "0000"),
        ]
        return "*".join(f"{name}:{value}" for name, value in members)


def receipts(count: int = RECEIPTS, seed: int = YEAR) -> Iterator[Receipt]:
    """Make up receipts of a year."""
    chance = random.Random(seed)  # noqa: S311 - the same seed must give the same receipts
    for number in range(1, count + 1):
        shop = chance.choice(SHOPS)
        goods = chance.sample(shop.goods, chance.randint(2, len(shop.goods)))
        yield Receipt(
            shop=shop,
            number=f"FS {YEAR}A/{number}",
            day=date(YEAR, 1, 1) + timedelta(days=chance.randrange(365)),
            positions=[
                Position(
                    name=name,
                    quantity=chance.choice((1, 1, 1, 2, 3)),
                    price=Decimal(price),
                    rate=rate,
                )
                for name, price, rate in goods
            ],
        )


def write_archive(path: Path, images: Iterable[tuple[str, bytes]]) -> None:
    """Put images into an archive; they are compressed already."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, image in images:
            archive.writestr(name, image)


def _parted(gross: Decimal, rate: Rate) -> tuple[Decimal, Decimal]:
    base = (gross * 100 / (100 + rate.percent)).quantize(CENT)
    return base, gross - base


def main() -> None:
    """Write the archive that the command line names."""
    from examples.receipts.drawing import draw

    parser = argparse.ArgumentParser(description="write an archive of images of receipts")
    parser.add_argument("path", type=Path)
    parser.add_argument("--receipts", type=int, default=RECEIPTS)
    parser.add_argument("--seed", type=int, default=YEAR)
    arguments = parser.parse_args()
    chosen = receipts(arguments.receipts, arguments.seed)
    write_archive(arguments.path, ((receipt.name, draw(receipt)) for receipt in chosen))


if __name__ == "__main__":
    main()
