"""The actions, as their clients see them: in memory, without AWS and without waiting."""

from __future__ import annotations

import pytest
from handlers.requests import app

from cdk_streamer_runtime.testing import TestClient

ORDERS = b"""order_id,ordered_on,region,product,quantity,unit_price
1,2025-01-09,Europe,Tent,2,10.50
2,2025-02-11,Asia,Stove,1,30.00
3,2025-02-12,Asia,Stove,,30.00
"""


def test_a_report_totals_the_uploaded_orders(client, pages):
    orders = client.upload(ORDERS, type="text/csv")

    end = client.request("generate_report", {"orders": orders})[-1]

    result = client.result(end)
    assert (result["rows"], result["skipped"], result["revenue"]) == (2, 1, "51.00")


def test_progress_never_goes_back_and_ends_before_the_result(client, pages):
    orders = client.upload(ORDERS, type="text/csv")

    messages = client.request("generate_report", {"orders": orders})

    percentages = [m["percentage"] for m in messages if m["type"] == "progress"]
    assert percentages == sorted(percentages)
    assert messages[-1]["type"] == "complete"


def test_a_report_is_published_under_its_request(client, pages):
    orders = client.upload(ORDERS, type="text/csv")

    client.request("generate_report", {"orders": orders, "title": "Winter"}, id="winter")

    ((key, page),) = pages.stored.items()
    assert key.endswith("/winter.html")
    assert "<h1>Winter</h1>" in page


def test_orders_of_somebody_else_are_not_found(client, pages):
    eve = TestClient(app, tenant="acme", owner="eve", api=client.api)
    orders = client.upload(ORDERS, type="text/csv")

    error = eve.request("generate_report", {"orders": orders})[-1]["error"]

    assert error["code"] == "VALIDATION_ERROR"


def test_a_payload_without_orders_says_what_is_missing(client):
    error = client.request("generate_report", {"title": "Winter"})[-1]["error"]

    assert error["details"] == [{"path": "/orders", "message": "is missing"}]


def test_flaky_succeeds_in_its_third_attempt(client):
    messages = client.request("flaky")

    assert [m["attempt"] for m in messages if m["type"] == "retrying"] == [2, 3]
    assert messages[-1]["result"] == {"attempts": 3}


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_countdown_counts_to_its_end(client, seconds):
    assert client.request("countdown", {"seconds": seconds})[-1]["result"] == {"counted": seconds}


def test_a_countdown_stops_when_it_is_cancelled(client):
    messages = client.request("countdown", {"seconds": 60}, cancel_after=1)

    assert messages[-1]["type"] == "cancelled"


def test_echo_is_answered_over_http_too(client):
    answer = client.http("POST", "/requests", body={"action": "echo", "payload": {"text": "hi"}})

    assert (answer.status, answer.document["data"]) == (200, {"text": "hi"})
