"""The reports example's actions, run in memory as a client would see them."""

from __future__ import annotations

import urllib.request
from decimal import Decimal

import pytest

from cdk_streamer_runtime.testing import TestClient
from examples.reports import sample
from examples.reports.handlers import files
from examples.reports.handlers.requests import app

ROWS = 12_000  # more than two batches


@pytest.fixture(autouse=True)
def _new_client_of_s3():
    """Forget the client that another test's bucket has left."""
    files.s3.cache_clear()


@pytest.fixture
def client() -> TestClient:
    return TestClient(app, tenant="acme", owner="ann")


@pytest.fixture
def orders(client, bucket, tmp_path) -> str:
    sample.write_orders(tmp_path / "orders.csv", rows=ROWS)
    return client.upload((tmp_path / "orders.csv").read_bytes(), type="text/csv")


def test_a_report_counts_every_good_row(client, orders):
    bad = sum(not row[4] for row in sample.sample_orders(ROWS))

    result = client.request("generate_report", {"orders": orders})[-1]["result"]

    assert (result["rows"], result["skipped"]) == (ROWS - bad, bad)


def test_a_report_totals_the_revenue(client, orders):
    revenue = sum(int(row[4]) * Decimal(row[5]) for row in sample.sample_orders(ROWS) if row[4])

    result = client.request("generate_report", {"orders": orders})[-1]["result"]

    assert Decimal(result["revenue"]) == revenue
    assert sum(map(Decimal, result["regions"].values())) == revenue


def test_progress_goes_through_every_step_and_ends_before_the_result(client, orders):
    messages = client.request("generate_report", {"orders": orders})

    reports = [message for message in messages if message["type"] == "progress"]
    percentages = [report["percentage"] for report in reports]
    assert percentages == sorted(percentages)
    assert reports[-1]["step"] == "publish"
    assert messages[-1]["type"] == "complete"


def test_the_link_leads_to_the_page(client, orders):
    result = client.request("generate_report", {"orders": orders, "title": "A & B"})[-1]["result"]

    with urllib.request.urlopen(result["url"]) as page:
        assert b"<h1>A &amp; B</h1>" in page.read()


def test_a_second_request_for_the_same_report_makes_no_second_page(client, bucket, orders):
    for _ in range(2):
        client.request("generate_report", {"orders": orders}, id="report-1")

    pages = [path for path in bucket.objects if path.endswith(".html")]
    assert [path.rpartition("/")[2] for path in pages] == ["report-1.html"]


@pytest.mark.parametrize("name", ["never-given-out", "../ann/x", ""])
def test_an_upload_that_does_not_exist_is_refused(client, name):
    error = client.request("generate_report", {"orders": name})[-1]["error"]

    assert error["code"] == "VALIDATION_ERROR"


def test_a_file_that_is_no_table_of_orders_says_what_is_missing(client):
    name = client.upload(b"name,age\nAnn,40\n")

    error = client.request("generate_report", {"orders": name})[-1]["error"]

    assert error["code"] == "VALIDATION_ERROR"
    assert "ordered_on" in error["message"]


def test_a_file_of_nothing_but_an_end_of_line_is_refused(client):
    name = client.upload(b"\n")

    assert client.request("generate_report", {"orders": name})[-1]["type"] == "error"


def test_a_report_needs_orders(client):
    assert client.request("generate_report", {})[-1]["error"]["code"] == "VALIDATION_ERROR"


def test_echo_answers_at_once(client):
    assert client.request("echo", {"text": "hello"})[-1]["data"] == {"text": "hello"}


def test_flaky_succeeds_in_its_third_attempt(client):
    messages = client.request("flaky")

    assert messages[-1]["result"] == {"attempts": 3}
    assert [message["attempt"] for message in messages if message["type"] == "retrying"] == [2, 3]


def test_a_countdown_can_be_cancelled(client):
    messages = client.request("countdown", {"seconds": 60}, cancel_after=1)

    assert messages[-1]["type"] == "cancelled"


def test_a_countdown_ends(client):
    assert client.request("countdown", {"seconds": 1})[-1]["result"] == {"counted": 1}
