"""What many orders come to: totals by month, region and product."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from .orders import Order

Totals = dict[str, Decimal]


class Sales:
    """Totals that grow as orders are added; months are written `2025-01`."""

    def __init__(self) -> None:
        """Begin with no orders."""
        self.orders = 0
        self.revenue = Decimal(0)
        self.units: Counter[str] = Counter()
        self._by_month_and_region: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._by_month_and_product: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def add(self, orders: Iterable[Order]) -> None:
        """Count these orders in."""
        for order in orders:
            month, revenue = order.ordered_on.isoformat()[:7], order.revenue
            self.orders += 1
            self.revenue += revenue
            self.units[order.product] += order.quantity
            self._by_month_and_region[month, order.region] += revenue
            self._by_month_and_product[month, order.product] += revenue

    @property
    def average_order(self) -> Decimal:
        """Revenue of the average order; zero without orders."""
        return self.revenue / self.orders if self.orders else Decimal(0)

    @property
    def months(self) -> list[str]:
        """Every month that has orders, in order."""
        return sorted({month for month, _ in self._by_month_and_region})

    @property
    def by_month(self) -> Totals:
        """Revenue of each month, in order."""
        return dict(sorted(_sums(self._by_month_and_region, 0).items()))

    @property
    def by_region(self) -> Totals:
        """Revenue of each region, the largest first."""
        return _largest_first(_sums(self._by_month_and_region, 1))

    @property
    def by_product(self) -> Totals:
        """Revenue of each product, the largest first."""
        return _largest_first(_sums(self._by_month_and_product, 1))

    def region_months(self, region: str) -> list[Decimal]:
        """Revenue of one region, month by month."""
        return [self._by_month_and_region.get((month, region), Decimal(0)) for month in self.months]

    def product_months(self, product: str) -> list[Decimal]:
        """Revenue of one product, month by month."""
        totals = self._by_month_and_product
        return [totals.get((month, product), Decimal(0)) for month in self.months]


def _sums(totals: dict[tuple[str, str], Decimal], part: int) -> Totals:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for key, revenue in totals.items():
        sums[key[part]] += revenue
    return sums


def _largest_first(totals: Totals) -> Totals:
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))
