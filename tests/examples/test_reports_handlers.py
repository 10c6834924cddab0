"""The reports example's own code: reading orders, totalling them, writing the page."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from cdk_streamer_runtime import ActionFailed
from examples.reports import sample
from examples.reports.handlers.orders import Order, OrderFile
from examples.reports.handlers.page import Page
from examples.reports.handlers.sales import Sales

HEADER = "order_id,ordered_on,region,product,quantity,unit_price\n"


def read(text: str) -> tuple[list[Order], int]:
    """Read a file in small batches, so that they are exercised."""
    order_file = OrderFile(io.StringIO(text))
    orders = [order for batch in order_file.batches(2) for order in batch]
    return orders, order_file.skipped


def order(**changes) -> Order:
    values = {
        "ordered_on": date(2025, 3, 9),
        "region": "Europe",
        "product": "Tent",
        "quantity": 2,
        "unit_price": Decimal("10.50"),
    }
    return Order(**(values | changes))


def page(sales: Sales, **changes) -> str:
    values = {
        "title": "Sales",
        "sales": sales,
        "skipped": 0,
        "request_id": "r-1",
        "made_at": datetime(2025, 12, 31, 12, 0, tzinfo=UTC),
    }
    return Page(**(values | changes)).render()


class _Elements(HTMLParser):
    """Collects the names of elements and the text outside of style sheets."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.text += data


def elements(html: str) -> _Elements:
    parser = _Elements()
    parser.feed(html)
    return parser


def test_the_sample_is_the_same_for_the_same_seed():
    assert list(sample.sample_orders(50, seed=7)) == list(sample.sample_orders(50, seed=7))


def test_the_sample_differs_with_the_seed():
    assert list(sample.sample_orders(50, seed=7)) != list(sample.sample_orders(50, seed=8))


def test_the_sample_file_has_its_header_and_as_many_rows_as_asked_for(tmp_path):
    sample.write_orders(tmp_path / "orders.csv", rows=321)

    with (tmp_path / "orders.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert (tuple(header), len(rows)) == (sample.COLUMNS, 321)


def test_an_order_is_read_with_its_types():
    orders, _ = read(HEADER + "1,2025-03-09,Europe,Tent,2,10.50\n")

    assert orders == [order()]


def test_columns_may_come_in_any_order_and_number():
    text = "extra,unit_price,quantity,product,region,ordered_on\nx,10.50,2,Tent,Europe,2025-03-09\n"

    assert read(text) == ([order()], 0)


@pytest.mark.parametrize(
    "line",
    [
        "1,2025-03-09,Europe,Tent,,10.50",
        "1,2025-03-09,Europe,Tent,two,10.50",
        "1,2025-03-09,Europe,Tent,2,ten",
        "1,yesterday,Europe,Tent,2,10.50",
        "1,2025-03-09,Europe",
        "",
    ],
)
def test_a_damaged_line_is_left_out_and_counted(line):
    orders, skipped = read(f"{HEADER}1,2025-03-09,Europe,Tent,2,10.50\n{line}\n")

    assert (orders, skipped) == ([order()], 1)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1.00"])
def test_a_price_that_is_no_amount_is_damage(price):
    assert read(f"{HEADER}1,2025-03-09,Europe,Tent,2,{price}\n") == ([], 1)


def test_a_file_without_a_needed_column_is_refused_by_its_name():
    with pytest.raises(ActionFailed) as failure:
        OrderFile(io.StringIO("order_id,ordered_on,region,quantity,unit_price\n"))

    assert failure.value.message == "the file has no column product"


def test_an_empty_file_is_refused():
    with pytest.raises(ActionFailed):
        OrderFile(io.StringIO(""))


def test_a_file_that_is_not_text_is_refused():
    lines = io.TextIOWrapper(io.BytesIO(b"\x89PNG\xff"), encoding="utf-8", newline="")

    with pytest.raises(ActionFailed, match="not a CSV file"):
        OrderFile(lines)


def test_damage_far_into_a_file_is_reported_with_its_line():
    lines = (f"{HEADER}1,2025-03-09,Europe,Tent,2,10.50\n" + "x" * 200_000).splitlines()

    with pytest.raises(ActionFailed, match="about line 4"):
        list(OrderFile(lines).batches(10))


def test_totals_equal_an_independent_count():
    rows = [dict(zip(sample.COLUMNS, row, strict=True)) for row in sample.sample_orders(5_000)]
    expected: Counter[str] = Counter()
    for row in rows:
        if row["quantity"]:
            cents = int(row["quantity"]) * int(row["unit_price"].replace(".", ""))
            expected[row["region"]] += cents
    text = io.StringIO()
    csv.writer(text).writerows([sample.COLUMNS, *sample.sample_orders(5_000)])

    sales = Sales()
    sales.add(read(text.getvalue())[0])

    assert sales.by_region == {region: Decimal(cents) / 100 for region, cents in expected.items()}


def test_every_view_of_the_totals_adds_up_to_the_revenue():
    sales = Sales()
    sales.add(read(HEADER + "\n".join(map(",".join, sample.sample_orders(2_000))))[0])

    sums = {sum(view.values()) for view in (sales.by_month, sales.by_region, sales.by_product)}

    assert sums == {sales.revenue}


def test_a_region_that_sold_nothing_in_a_month_counts_zero():
    sales = Sales()
    sales.add([order(), order(region="Asia", ordered_on=date(2025, 4, 1))])

    assert sales.region_months("Asia") == [Decimal(0), Decimal("21.00")]


def test_the_page_shows_the_figures():
    sales = Sales()
    sales.add([order(), order(product="Stove", quantity=1)])

    text = elements(page(sales, skipped=3)).text

    assert "$32" in text
    assert "2 orders read, 3 damaged lines left out" in text


def test_the_page_has_three_charts():
    sales = Sales()
    sales.add([order()])

    assert elements(page(sales)).tags.count("svg") == 3


def test_the_page_runs_and_loads_nothing():
    sales = Sales()
    sales.add([order()])

    found = elements(page(sales))

    assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)
    assert not {"src", "href", "onclick", "onload"} & set(found.attributes)


def test_names_in_the_data_cannot_become_markup():
    sales = Sales()
    sales.add([order(region="<img src=x>", product="<script>alert(1)</script>")])

    found = elements(page(sales, title="<b>bold</b>", request_id="<i>"))

    assert not {"script", "img", "b", "i"} & set(found.tags)


def test_a_file_without_orders_still_makes_a_page():
    assert "There are no orders in this file" in page(Sales())
