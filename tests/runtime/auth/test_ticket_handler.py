"""Tickets at the Lambda entry point, with a table over the wire: once, at `$connect`, silently."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from cdk_streamer_runtime.auth import answer
from cdk_streamer_runtime.auth.denial import Reason
from cdk_streamer_runtime.auth.tickets import Ticket, TicketStore
from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from tests.runtime.auth import issuer
from tests.runtime.auth.events import (
    by_http,
    by_subprotocol,
    by_ticket,
    by_ticket_in_query,
    connect,
    over_http,
)
from tests.runtime.auth.hostile_tickets import HOSTILE_TICKETS
from tests.runtime.auth.issuer import token
from tests.runtime.auth.test_handler import MODULE, Event, Handler, load, settings, written
from tests.runtime.aws import service as wire
from tests.runtime.aws.service import Service

ANN = Caller(
    tenant=issuer.TENANT,
    owner=issuer.OWNER,
    expires=int(time.time()) + 3600,
    scopes=frozenset({"read", "write"}),
)
PROTOCOL = "Sec-WebSocket-Protocol"


class DynamoDb:
    """The service's side of a table: what is asked for over the wire is done in memory."""

    def __init__(self) -> None:
        self.memory = MemoryAws(tables=[TABLE])
        self.tickets = TicketStore(Table(self.memory, TABLE.name), "Api")
        self.service = Service()
        self.service.answers(self.serve)

    def serve(self, peer: socket.socket, request: wire.Request) -> bool:
        operation = request.headers["x-amz-target"].rpartition(".")[2]
        try:
            found = self.memory.call("dynamodb", operation, json.loads(request.body))
        except ConditionFailed as error:
            return wire.fault(error.code, error.message)(peer, request)
        return wire.answer(200, found)(peer, request)

    def serve_and_drop(self, peer: socket.socket, request: wire.Request) -> bool:
        near, far = socket.socketpair()
        with near, far:
            self.serve(near, request)
        return wire.drop(peer, request)

    def issue(self) -> Ticket:
        return self.tickets.issue(ANN, int(time.time() * 1000))


@pytest.fixture
def table() -> Iterator[DynamoDb]:
    table = DynamoDb()
    yield table
    table.service.close()


@pytest.fixture
def handler(table: DynamoDb, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handler]:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", table.service.url)
    loaded = load(settings(table_name=TABLE.name), monkeypatch)
    yield loaded
    vars(sys.modules[MODULE])["_aws"].close()


@pytest.mark.parametrize("transport", [by_ticket, by_ticket_in_query])
def test_a_ticket_opens_as_the_token_did_and_only_once(
    handler: Handler, table: DynamoDb, transport: type
):
    ticket = table.issue()

    assert handler(transport(ticket.text), None)["context"] == {
        "tenant": issuer.TENANT,
        "owner": issuer.OWNER,
        "expires": str(ANN.expires),
        "scopes": "read write",
    }
    assert handler(transport(ticket.text), None) == answer.deny()


def test_tokens_open_beside_tickets(handler: Handler):
    assert handler(by_subprotocol(token()), None) != answer.deny()


def test_an_answer_lost_on_the_wire_refuses(handler: Handler, table: DynamoDb):
    ticket = table.issue()
    table.service.answers(table.serve_and_drop, table.serve)

    assert handler(by_ticket(ticket.text), None) == answer.deny()
    assert len(table.service.requests) == 2
    assert table.memory.items(TABLE.name) == []


@pytest.mark.parametrize(
    "transport",
    [
        by_http,
        lambda ticket: over_http(f"ticket.{ticket}"),
        lambda ticket: over_http(f"Ticket {ticket}"),
        lambda ticket: over_http(queryStringParameters={"ticket": ticket}),
        lambda ticket: over_http(headers={PROTOCOL.lower(): f"streamer.v1, ticket.{ticket}"}),
    ],
    ids=range(5),
)
def test_a_ticket_is_nothing_over_http(handler: Handler, table: DynamoDb, transport: type):
    ticket = table.issue()

    assert handler(transport(ticket.text), None) == {"isAuthorized": False}
    assert handler(by_ticket(ticket.text), None) != answer.deny()


@pytest.mark.parametrize(
    "event",
    [
        lambda ticket: connect({PROTOCOL: [f"ticket.{ticket}"]}),
        lambda ticket: connect({PROTOCOL: [f"streamer.v1, ticket.{ticket}, ticket.{ticket}"]}),
        lambda ticket: connect({PROTOCOL: [f"streamer.v1, ticket.{ticket}, bearer.{token()}"]}),
        lambda ticket: connect({PROTOCOL: [f"streamer.v1, ticket.{ticket}"]}, {"ticket": [ticket]}),
        lambda ticket: connect(query={"ticket": [ticket, ticket]}),
        lambda ticket: connect(query={"token": [ticket]}),
        lambda ticket: connect(query={"Ticket": [ticket]}),
        lambda ticket: connect({"Authorization": [f"Bearer {ticket}"]}),
        lambda ticket: connect({"Authorization": [f"Ticket {ticket}"]}),
        lambda ticket: connect({PROTOCOL: [f"streamer.v1, bearer.{ticket}"]}),
        lambda ticket: connect({PROTOCOL: [f"streamer.v1, Ticket.{ticket}"]}),
        lambda ticket: connect({"Cookie": [f"ticket={ticket}"]}),
    ],
    ids=range(12),
)
def test_a_ticket_in_a_wrong_place_opens_nothing_and_stays_good(
    handler: Handler, table: DynamoDb, event: type
):
    ticket = table.issue()

    assert handler(event(ticket.text), None) == answer.deny()
    assert handler(by_ticket(ticket.text), None) != answer.deny()


def test_without_a_table_no_ticket_is_accepted(
    table: DynamoDb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    handler = load(settings(), monkeypatch)

    assert handler(by_ticket(table.issue().text), None) == answer.deny()
    assert caplog.records[-1].__dict__["reason"] == Reason.TICKETS.value


def test_every_hostile_ticket_gets_the_one_answer_and_is_written_nowhere(
    handler: Handler,
    table: DynamoDb,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    forgeries = [hostile.forge(table.issue().text) for hostile in HOSTILE_TICKETS]

    answers = [handler(by_ticket_in_query(text), None) for text in forgeries]

    assert [each for each in answers if json.dumps(each) != json.dumps(answer.deny())] == []
    output = written(caplog, capfd)
    assert [text for text in forgeries if len(text) > 7 and text in output] == []
    assert [record.__dict__["reason"] for record in caplog.records if record.name == MODULE] == [
        hostile.reason.value for hostile in HOSTILE_TICKETS
    ]


def test_a_good_ticket_is_written_nowhere_either(
    handler: Handler,
    table: DynamoDb,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    ticket = table.issue()
    handler(by_ticket(ticket.text), None)
    handler(by_ticket(ticket.text), None)

    assert ticket.text not in written(caplog, capfd)


@pytest.mark.parametrize("trouble", [wire.fault("AccessDeniedException", "no"), wire.drop])
def test_a_table_that_cannot_be_asked_denies(
    handler: Handler, table: DynamoDb, caplog: pytest.LogCaptureFixture, trouble: wire.Step
):
    ticket = table.issue()
    table.service.answers(trouble)

    assert handler(by_ticket(ticket.text), None) == answer.deny()
    assert caplog.records[-1].message == "authorizer failed"


REDEEM = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"jwt", "cryptography", "cffi", "boto3"}}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, "runtime")
from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.claims import ALGORITHMS, Rules
from cdk_streamer_runtime.auth.tickets import TicketStore
from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
tickets = TicketStore(Table(MemoryAws(tables=[TABLE]), TABLE.name), "Api")
rules = Rules(
    issuer="https://id.example.com/", audience=frozenset({{"reports"}}), algorithms=ALGORITHMS,
    tenant_claim="tenant", leeway_seconds=30,
)
authorizer = Authorizer(rules=rules, keys=None, clock=lambda: 1000, tickets=tickets)
ticket = tickets.issue(Caller(tenant="acme", owner="ann", expires=60), 1000)
header = "streamer.v1, " + ticket.subprotocol
print(authorizer.identify({{"headers": {{"{PROTOCOL}": header}}}}).owner)
"""


def test_a_ticket_needs_no_cryptography():
    run = subprocess.run(  # the whole point is another process
        [sys.executable, "-c", REDEEM], capture_output=True, text=True, check=False
    )

    assert (run.stdout, run.stderr) == ("ann\n", "")


def test_an_event_is_left_as_it_is(handler: Handler, table: DynamoDb):
    event: Event = by_ticket(table.issue().text)
    before = json.dumps(event)
    handler(event, None)

    assert json.dumps(event) == before
