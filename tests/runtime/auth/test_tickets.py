"""A ticket opens once, for whom it was made, within a minute, and nothing else opens at all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.auth import base64url
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.identity import Identity
from cdk_streamer_runtime.auth.tickets import Ticket, TicketStore
from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.dynamodb import Table, unmarshal_item
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.keys import ticket_key
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from tests.runtime.auth.hostile_tickets import HOSTILE_TICKETS, HostileTicket
from tests.runtime.observed_aws import ObservedAws, after, answer_lost, repeated, request_lost

NOW = 1_700_000_000_000
ANN = Caller(
    tenant="acme", owner="ann", expires=NOW // 1000 + 3600, scopes=frozenset({"write", "read"})
)


class World:
    """A table, and the tickets of two APIs in it."""

    def __init__(self) -> None:
        self.memory = MemoryAws(clock=lambda: NOW, tables=[TABLE])
        self.aws = ObservedAws(self.memory)
        self.tickets = self.of("Api")

    def of(self, api: str) -> TicketStore:
        return TicketStore(Table(self.aws, TABLE.name), api)

    def refusal(self, text: str, now: int = NOW) -> Reason:
        with pytest.raises(Denied) as denied:
            self.tickets.redeem(text, now)
        return denied.value.reason


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ticket(world: World) -> Ticket:
    return world.tickets.issue(ANN, NOW)


# --- what it is -----------------------------------------------------------------------------------


def test_a_ticket_stands_for_its_caller(world: World, ticket: Ticket):
    assert world.tickets.redeem(ticket.text, NOW + 1) == Identity(
        tenant="acme", owner="ann", expires=ANN.expires, scopes=frozenset({"read", "write"})
    )


def test_a_caller_without_scopes_has_none_later(world: World):
    plain = Caller(tenant="acme", owner="ann", expires=ANN.expires)
    ticket = world.tickets.issue(plain, NOW)

    assert world.tickets.redeem(ticket.text, NOW).scopes == frozenset()


def test_a_ticket_is_256_random_bits(world: World):
    texts = {world.tickets.issue(ANN, NOW).text for _ in range(200)}

    assert len(texts) == 200
    assert {len(text) for text in texts} == {43}
    # Nothing repeats within one, and no place of it is a counter or a clock.
    assert min(len(set(base64url.decode(text))) for text in texts) >= 16
    assert min(len(set(letters)) for letters in zip(*texts, strict=True)) >= 16


def test_a_ticket_is_what_a_browser_can_offer(ticket: Ticket):
    assert ticket.subprotocol == f"ticket.{ticket.text}"
    assert set(ticket.text) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_the_table_knows_no_ticket_that_would_open(world: World, ticket: Ticket):
    (item,) = world.memory.items(TABLE.name)

    assert ticket.text not in str(item)
    assert world.refusal(unmarshal_item(item)["pk"].removeprefix("ticket#")) is Reason.TICKET_FORM


def test_a_ticket_is_not_shown_by_chance(ticket: Ticket):
    assert ticket.text not in repr(ticket)


def test_ttl_removes_what_nobody_uses(world: World, ticket: Ticket):
    (item,) = map(unmarshal_item, world.memory.items(TABLE.name))

    assert (item["sk"], item["ttl"]) == ("ticket", ticket.expires_at // 1000 + 1)


# --- how long -------------------------------------------------------------------------------------


def test_a_ticket_lasts_a_minute(world: World, ticket: Ticket):
    assert ticket.expires_at == NOW + 60_000
    assert world.tickets.redeem(ticket.text, ticket.expires_at - 1).owner == "ann"


@pytest.mark.parametrize("late", [0, 1, 3_600_000])
def test_a_ticket_is_over_when_its_minute_is_although_ttl_is_slow(
    world: World, ticket: Ticket, late: int
):
    assert world.refusal(ticket.text, ticket.expires_at + late) is Reason.TICKET


def test_a_ticket_is_over_when_the_token_is(world: World):
    almost = Caller(tenant="acme", owner="ann", expires=NOW // 1000 + 10)
    ticket = world.tickets.issue(almost, NOW)

    assert ticket.expires_at == NOW + 10_000
    assert world.refusal(ticket.text, NOW + 10_000) is Reason.TICKET


# --- once -----------------------------------------------------------------------------------------


def test_a_ticket_opens_once(world: World, ticket: Ticket):
    world.tickets.redeem(ticket.text, NOW)

    assert world.refusal(ticket.text) is Reason.TICKET
    assert world.memory.items(TABLE.name) == []


def test_of_many_at_the_same_moment_one_comes_in(world: World):
    tickets = [world.tickets.issue(ANN, NOW) for _ in range(25)]
    together = threading.Barrier(8)

    def redeem(_: int) -> int:
        admitted = 0
        for ticket in tickets:
            together.wait()
            try:
                world.tickets.redeem(ticket.text, NOW)
            except Denied:
                continue
            admitted += 1
        return admitted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(redeem, range(8))) == len(tickets)


def test_whoever_is_overtaken_is_refused(world: World, ticket: Ticket):
    admitted: list[Identity] = []
    world.aws.on(
        "DeleteItem", after(lambda: admitted.append(world.tickets.redeem(ticket.text, NOW)))
    )

    assert world.refusal(ticket.text) is Reason.TICKET
    assert len(admitted) == 1


def test_a_lost_answer_refuses_rather_than_admits_twice(world: World, ticket: Ticket):
    world.aws.on("DeleteItem", repeated)

    assert world.refusal(ticket.text) is Reason.TICKET
    assert world.refusal(ticket.text) is Reason.TICKET


def test_when_no_answer_comes_at_all_the_ticket_is_used(world: World, ticket: Ticket):
    world.aws.on("DeleteItem", answer_lost)

    with pytest.raises(Unreachable):
        world.tickets.redeem(ticket.text, NOW)
    assert world.refusal(ticket.text) is Reason.TICKET


def test_when_the_request_is_lost_the_ticket_is_still_good(world: World, ticket: Ticket):
    world.aws.on("DeleteItem", request_lost)

    with pytest.raises(Unreachable):
        world.tickets.redeem(ticket.text, NOW)
    assert world.tickets.redeem(ticket.text, NOW).owner == "ann"


def test_a_write_that_arrives_again_makes_no_used_ticket_good(world: World):
    late: list[object] = []
    world.aws.on("TransactWriteItems", lambda effect: late.append(effect) or effect())
    ticket = world.tickets.issue(ANN, NOW)
    world.tickets.redeem(ticket.text, NOW)

    (again,) = late
    assert callable(again)
    again()

    assert world.refusal(ticket.text) is Reason.TICKET


def test_an_issue_whose_answer_was_lost_is_one_ticket(world: World):
    world.aws.on("TransactWriteItems", repeated)
    ticket = world.tickets.issue(ANN, NOW)

    assert world.tickets.redeem(ticket.text, NOW).owner == "ann"
    assert world.refusal(ticket.text) is Reason.TICKET


# --- for one API ----------------------------------------------------------------------------------


def test_a_ticket_of_another_api_in_the_same_table_opens_nothing_and_stays_good(
    world: World, ticket: Ticket
):
    with pytest.raises(Denied) as denied:
        world.of("Other").redeem(ticket.text, NOW)

    assert denied.value.reason is Reason.TICKET
    assert world.tickets.redeem(ticket.text, NOW).owner == "ann"


def test_a_ticket_of_another_table_opens_nothing(ticket: Ticket):
    assert World().refusal(ticket.text) is Reason.TICKET


def test_no_other_item_is_ever_a_ticket(world: World):
    text = "x" * 43
    table = Table(world.memory, TABLE.name)
    table.put({"pk": ticket_key(text), "sk": "request", "api": "Api", "expires_at": NOW * 2})

    assert world.refusal(text) is Reason.TICKET


# --- forgeries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", HOSTILE_TICKETS, ids=lambda hostile: hostile.name)
def test_a_hostile_ticket_is_refused_for_its_reason(
    world: World, ticket: Ticket, hostile: HostileTicket
):
    assert world.refusal(hostile.forge(ticket.text)) is hostile.reason
    assert world.tickets.redeem(ticket.text, NOW).owner == "ann"


@pytest.mark.parametrize(
    "hostile",
    [each for each in HOSTILE_TICKETS if each.reason is Reason.TICKET_FORM],
    ids=lambda hostile: hostile.name,
)
def test_what_is_no_ticket_costs_no_call(world: World, ticket: Ticket, hostile: HostileTicket):
    before = list(world.aws.calls)
    world.refusal(hostile.forge(ticket.text))

    assert world.aws.calls == before


def test_the_names_of_the_forgeries_differ():
    assert len({hostile.name for hostile in HOSTILE_TICKETS}) == len(HOSTILE_TICKETS) >= 30


@given(st.one_of(st.text(), st.text("ABCabc019-_", min_size=43, max_size=43)))
def test_no_text_opens_that_was_not_issued(text: str):
    world = World()
    world.tickets.issue(ANN, NOW)

    assert world.refusal(text) in {Reason.TICKET, Reason.TICKET_FORM}
