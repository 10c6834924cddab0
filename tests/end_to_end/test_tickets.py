"""From a token over HTTP to a ticket to a connection, as a browser's page does it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.end_to_end.deployment import Deployment
from tests.end_to_end.forgery import FORGERIES
from tests.end_to_end.wire import PROTOCOL

PAGE = "https://app.example.com"
EVIL_PAGE = "https://evil.example.com"


def ticket(deployment: Deployment, **claims: Any) -> str:
    """Get a ticket for whoever the claims name."""
    answer = deployment.web(deployment.token(**claims)).ask("POST", "/tickets")
    assert answer.status == 201
    assert answer.document["subprotocol"] == f"ticket.{answer.document['ticket']}"
    return answer.document["ticket"]


def status_of(deployment: Deployment, query: str = "", **headers: str) -> int:
    """Give how a handshake without a token ends."""
    try:
        with deployment.open(None, query=query, **headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_a_ticket_opens_a_connection_of_its_owner(deployment):
    query = f"?ticket={ticket(deployment, sub='by-ticket', tenant='acme')}"

    with deployment.open(None, query=query, Origin=PAGE) as wire:
        data = wire.ask("whoami")["data"]

    assert (data["tenant"], data["owner"]) == ("acme", "by-ticket")


def test_a_ticket_may_come_as_a_subprotocol_which_is_not_echoed(deployment):
    offered = f"ticket.{ticket(deployment, sub='by-ticket')}"

    with deployment.open(None, offered=offered, Origin=PAGE) as wire:
        assert wire.ask("whoami")["data"]["owner"] == "by-ticket"
        assert wire.socket.subprotocol == PROTOCOL


def test_a_ticket_has_the_scopes_of_its_token(deployment):
    query = f"?ticket={ticket(deployment, sub='by-ticket', scopes=('admin',))}"

    with deployment.open(None, query=query) as wire:
        assert wire.ask("administer")["data"] == "done"


def test_a_ticket_lets_nobody_stay_longer_than_its_token(deployment):
    query = f"?ticket={ticket(deployment, sub='by-ticket', expires=3)}"

    with deployment.open(None, query=query) as wire:
        while wire.ask("ping")["type"] == "pong":
            pass
        assert wire.is_closed_by_server()


def test_a_ticket_opens_once(deployment):
    query = f"?ticket={ticket(deployment)}"

    assert [status_of(deployment, query) for _ in range(3)] == [101, 403, 403]


def test_of_many_who_show_a_ticket_one_comes_in(deployment):
    query = f"?ticket={ticket(deployment)}"

    # Each that comes at once costs the engine another worker.
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: status_of(deployment, query), range(3)))
    assert sorted(answers) == [101, 403, 403]


def test_a_ticket_whose_time_is_over_opens_nothing(deployment):
    query = f"?ticket={ticket(deployment, sub='too-late')}"
    (item,) = deployment.items("ticket", "too-late")
    deployment.stack.client("dynamodb").update_item(
        TableName=deployment.table,
        Key={name: item[name] for name in ("pk", "sk")},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )

    assert status_of(deployment, query) == 403


def test_the_table_has_nothing_that_opens_a_connection(deployment):
    text = ticket(deployment, sub="stored")

    (item,) = deployment.items("ticket", "stored")

    assert text not in str(item)


def test_a_ticket_is_nothing_over_http(deployment):
    assert deployment.web(ticket(deployment)).ask("POST", "/tickets").status == 403


def test_a_ticket_that_was_not_issued_opens_nothing(deployment):
    assert status_of(deployment, f"?ticket={'A' * 43}") == 403


@pytest.mark.parametrize("name", FORGERIES)
def test_a_bad_token_gets_no_ticket(deployment, name):
    answer = deployment.web(FORGERIES[name](deployment)).ask("POST", "/tickets")

    assert answer.status in {401, 403}


def test_no_token_gets_no_ticket(deployment):
    assert deployment.web(None).ask("POST", "/tickets").status == 401


def test_a_page_from_elsewhere_may_not_connect(deployment):
    token = deployment.token(sub="page")

    assert status_of(deployment, Authorization=f"Bearer {token}", Origin=PAGE) == 101
    assert status_of(deployment, Authorization=f"Bearer {token}", Origin=EVIL_PAGE) == 403


def test_a_ticket_opens_nothing_for_a_page_from_elsewhere(deployment):
    query = f"?ticket={ticket(deployment)}"

    assert status_of(deployment, query, Origin=EVIL_PAGE) == 403
