"""The report as one HTML page: it loads nothing and runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template

from .charts import PALETTE, month_chart, ranking_chart
from .sales import Sales
from .wording import money, month_name

_PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
_HEAT = 55  # percent of the accent color behind a product's best month: text stays readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is written on the report; `title` and every name in `sales` may be anybody's text."""

    title: str
    sales: Sales
    skipped: int
    request_id: str
    made_at: datetime

    def render(self) -> str:
        """Give the whole page."""
        sales = self.sales
        return _PAGE.substitute(
            title=escape(self.title),
            summary=_summary(sales),
            figures=_figures(sales),
            months=month_chart(sales),
            products=ranking_chart("product", sales.by_product, PALETTE[:1]),
            regions=ranking_chart("region", sales.by_region, PALETTE),
            seasons=_seasons(sales),
            footnote=self._footnote(),
        )

    def _footnote(self) -> str:
        left_out = f", {self.skipped:,} damaged lines left out" if self.skipped else ""
        return (
            f"{self.sales.orders:,} orders read{left_out}. Made {self.made_at:%Y-%m-%d %H:%M} UTC "
            f"for request {escape(self.request_id)}."
        )


def _summary(sales: Sales) -> str:
    if not sales.orders:
        return "There are no orders in this file."
    first, last = sales.months[0], sales.months[-1]
    return (
        f"{month_name(first)} to {month_name(last)}: "
        f"{len(sales.by_region)} regions, {len(sales.by_product)} products"
    )


def _figures(sales: Sales) -> str:
    figures = [
        _figure("Revenue", money(sales.revenue), f"{sum(sales.units.values()):,} items sold"),
        _figure("Orders", f"{sales.orders:,}", f"${sales.average_order:,.2f} on average"),
    ]
    if sales.orders:
        month = max(sales.by_month, key=lambda name: sales.by_month[name])
        region, product = next(iter(sales.by_region)), next(iter(sales.by_product))
        figures += [
            _figure("Best month", month_name(month), f"{money(sales.by_month[month])} of revenue"),
            _figure(
                "Largest region", region, f"{_share(sales.by_region[region], sales)} of revenue"
            ),
            _figure(
                "Best seller", product, f"{_share(sales.by_product[product], sales)} of revenue"
            ),
        ]
    return "".join(figures)


def _figure(name: str, value: str, note: str) -> str:
    return (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
    )


def _share(part: Decimal, sales: Sales) -> str:
    return f"{part / sales.revenue:.0%}" if sales.revenue else "0%"


def _seasons(sales: Sales) -> str:
    """Write months against products; the darker a cell, the nearer to the product's best month."""
    names = "".join(f"<th scope=col>{month_name(month)[:3]}</th>" for month in sales.months)
    rows = "".join(
        _row(product, sales.product_months(product), total)
        for product, total in sales.by_product.items()
    )
    totals = "".join(f"<td>{money(total)}</td>" for total in sales.by_month.values())
    return (
        f"<table><thead><tr><th scope=col>Product</th>{names}<th scope=col>Total</th></tr></thead>"
        f"<tbody>{rows}</tbody>"
        f"<tfoot><tr><th scope=row>All</th>{totals}<td>{money(sales.revenue)}</td></tr></tfoot>"
        "</table>"
    )


def _row(product: str, months: list[Decimal], total: Decimal) -> str:
    best = max(months) or Decimal(1)
    cells = "".join(
        f'<td class="heat" style="--share:{max(0, month / best) * _HEAT:.0f}">{money(month)}</td>'
        for month in months
    )
    return f"<tr><th scope=row>{escape(product)}</th>{cells}<td>{money(total)}</td></tr>"
