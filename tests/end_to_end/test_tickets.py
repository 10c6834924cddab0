"""From a token over HTTP to a ticket to a connection, as a browser's page does it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.end_to_end.deployment import Deployment
from tests.end_to_end.forgery import FORGERIES
from tests.end_to_end.wire import PATIENCE, PROTOCOL

PAGE = "https://app.example.com"


def post(deployment: Deployment, path: str, token: str | None) -> tuple[int, dict[str, Any]]:
    """Ask over HTTP and give status and document."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"{deployment.stack.http_url()}{path}"
    request = urllib.request.Request(url, method="POST", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=deployment.tls) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def ticket(deployment: Deployment, **claims: Any) -> str:
    status, document = post(deployment, "/tickets", deployment.token(**claims))
    assert status == 201
    assert document["subprotocol"] == f"ticket.{document['ticket']}"
    return document["ticket"]


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
        assert wire.ask("whoami")["data"]["owner"] == "by-ticket"
        assert wire.socket.subprotocol == PROTOCOL


def test_a_ticket_may_come_as_a_subprotocol_which_is_not_echoed(deployment):
    offered = [Subprotocol(PROTOCOL), Subprotocol(f"ticket.{ticket(deployment)}")]

    with connect(
        deployment.url, ssl=deployment.tls, proxy=None, subprotocols=offered, open_timeout=PATIENCE
    ) as opened:
        assert opened.subprotocol == PROTOCOL


def test_a_ticket_opens_once(deployment):
    query = f"?ticket={ticket(deployment)}"

    assert [status_of(deployment, query) for _ in range(3)] == [101, 403, 403]


def test_of_many_who_show_a_ticket_one_comes_in(deployment):
    query = f"?ticket={ticket(deployment)}"

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: status_of(deployment, query), range(6)))
    assert sorted(answers) == [101, 403, 403, 403, 403, 403]


def test_a_ticket_is_nothing_over_http(deployment):
    assert post(deployment, "/tickets", ticket(deployment))[0] == 403


def test_a_ticket_that_was_not_issued_opens_nothing(deployment):
    assert status_of(deployment, f"?ticket={'A' * 43}") == 403


@pytest.mark.parametrize("name", FORGERIES)
def test_a_bad_token_gets_no_ticket(deployment, name):
    assert post(deployment, "/tickets", FORGERIES[name](deployment))[0] in {401, 403}


def test_no_token_gets_no_ticket(deployment):
    assert post(deployment, "/tickets", None)[0] == 401


def test_a_page_from_elsewhere_may_not_connect(deployment):
    token = deployment.token(sub="page")

    assert status_of(deployment, Authorization=f"Bearer {token}", Origin=PAGE) == 101
    evil = "https://evil.example.com"
    assert status_of(deployment, Authorization=f"Bearer {token}", Origin=evil) == 403
