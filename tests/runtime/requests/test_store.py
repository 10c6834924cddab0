"""Requests in the table: each write's condition, lost answers, and what is out of date."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime.contract import SUBSCRIBERS_PER_CHANNEL, State
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import (
    AwsError,
    Conflict,
    IllegalTransition,
    LeaseLost,
    RequestChanged,
    RequestNotFound,
    TooManySubscribers,
    TransactionCancelled,
)
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.items import Body
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from tests.runtime.observed_aws import ObservedAws, after, refused_by, repeated

RETENTION = 3_600
LEASE = 60_000
BODY = Body(payload={"month": 11}, metadata={"screen": "a"})
LATER = START // 1000 + 3_600
EPOCH = 10**15  # long after everything has ended


@pytest.fixture
def aws() -> ObservedAws:
    return ObservedAws(MemoryAws(tables=[TABLE]))


@pytest.fixture
def store(aws: ObservedAws) -> RequestStore:
    marks = itertools.count()
    table = Table(aws, TABLE.name)
    return RequestStore(table, retention=RETENTION, new_mark=lambda: f"mark-{next(marks)}")


def request(request_id: str = "r1", **changes: Any) -> Request:
    new = Request(
        key=request_key("acme", "ann", request_id),
        tenant="acme",
        owner="ann",
        request_id=request_id,
        action="job",
        body_hash="hash",
        created_at=START,
        expires_at=START + 3_600_000,
        timeout=900_000,
        max_attempts=3,
        subscribers={"a": LATER},
        mark=f"submitted-{request_id}",
    )
    return replace(new, **changes)


def submitted(store: RequestStore, now: int = START, **changes: Any) -> Request:
    return store.submit(request(**changes), BODY, now)[0]


def claimed(store: RequestStore, worker: str = "w1", now: int = START) -> Request:
    new = submitted(store)
    return store.claim(new.key, 1, worker, now, LEASE)


def changed_by(call: Any) -> Request:
    with pytest.raises(RequestChanged) as caught:
        call()
    return caught.value.request


# --- submitting -----------------------------------------------------------------------------------


def test_a_new_request_is_stored_as_it_was_made(store: RequestStore):
    stored, created = store.submit(request(), BODY, START)

    assert created
    assert stored == request()
    assert store.read(stored.key, START) == request()
    assert store.body(stored.key) == BODY


def test_request_and_payload_come_to_be_together(store: RequestStore, aws: ObservedAws):
    submitted(store)

    assert aws.calls == ["TransactWriteItems"]
    assert [item["sk"] for item in aws.memory.items(TABLE.name)] == [
        {"S": "request"},
        {"S": "payload"},
    ]


def test_the_same_request_again_is_the_one_that_is_there(store: RequestStore):
    running = claimed(store)
    again, created = store.submit(request(mark="another", subscribers={}), BODY, START)

    assert not created
    assert again == running


def test_another_body_is_a_conflict(store: RequestStore):
    submitted(store)

    with pytest.raises(Conflict, match="'r1'"):
        submitted(store, body_hash="other")
    assert store.body(request().key) == BODY


def test_a_submission_whose_answer_got_lost_is_known_as_ones_own(
    store: RequestStore, aws: ObservedAws
):
    aws.on("TransactWriteItems", repeated)

    assert store.submit(request(), BODY, START) == (request(), True)


def test_the_same_request_of_two_devices_is_created_by_one(store: RequestStore, aws: ObservedAws):
    aws.on("TransactWriteItems", after(lambda: submitted(store, mark="the other device")))
    stored, created = store.submit(request(), BODY, START)

    assert (stored.mark, created) == ("the other device", False)


def test_a_transaction_that_met_another_one_is_no_conflict_of_bodies(
    store: RequestStore, aws: ObservedAws
):
    error = TransactionCancelled("TransactionCanceledException", "", 400, "TransactWriteItems")
    error.reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    aws.on("TransactWriteItems", refused_by(error))

    with pytest.raises(TransactionCancelled):
        submitted(store)


# --- what the TTL has not removed yet -------------------------------------------------------------


def test_a_request_outlives_all_of_its_attempts(store: RequestStore):
    longest = 3 * (900_000 + 900_000)
    new = submitted(store)

    assert store.read(new.key, new.expires_at + longest + RETENTION * 1000 - 1) is not None


def test_a_request_that_ended_is_kept_for_the_retention(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})

    assert store.read(held.key, START + RETENTION * 1000 - 1) is not None
    assert store.read(held.key, START + RETENTION * 1000) is None


def test_an_expired_request_makes_room_for_a_new_one(store: RequestStore, aws: ObservedAws):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})
    stored, created = store.submit(
        request(body_hash="other", mark="new", created_at=EPOCH, expires_at=EPOCH + 1), BODY, EPOCH
    )

    assert (created, stored.state) == (True, State.QUEUED)
    assert store.read(stored.key, EPOCH) == stored


def test_a_new_request_over_an_expired_one_reaches_the_stream_as_new(
    store: RequestStore, aws: ObservedAws
):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})
    seen = len(aws.memory.stream_records(TABLE.name))
    store.submit(request(created_at=EPOCH, expires_at=EPOCH + 1), BODY, EPOCH)

    news = [
        record["eventName"]
        for record in aws.memory.stream_records(TABLE.name)[seen:]
        if record["dynamodb"]["Keys"]["sk"] == {"S": "request"}
    ]
    assert news == ["REMOVE", "INSERT"]


def test_an_expired_request_that_is_removed_meanwhile_makes_room_too(
    store: RequestStore, aws: ObservedAws
):
    held = submitted(store)

    def remove() -> None:
        aws.memory.call(
            "dynamodb",
            "DeleteItem",
            {"TableName": TABLE.name, "Key": {"pk": {"S": held.key}, "sk": {"S": "request"}}},
        )

    aws.on("DeleteItem", after(remove))
    _stored, created = store.submit(
        request(mark="new", created_at=EPOCH, expires_at=EPOCH + 1), BODY, EPOCH
    )

    assert created


def test_two_that_replace_an_expired_request_get_the_same_one(
    store: RequestStore, aws: ObservedAws
):
    submitted(store)
    new = request(mark="first", created_at=EPOCH, expires_at=EPOCH + 1)
    aws.on("DeleteItem", after(lambda: store.submit(new, BODY, EPOCH)))
    stored, created = store.submit(replace(new, mark="second"), BODY, EPOCH)

    assert (stored.mark, created) == ("first", False)


def test_nobody_subscribes_to_an_expired_request(store: RequestStore):
    held = submitted(store)

    with pytest.raises(RequestNotFound):
        store.subscribe(held.key, "b", LATER, EPOCH)


def test_nobody_reads_an_expired_result_by_subscribing(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})

    with pytest.raises(RequestNotFound):
        store.subscribe(held.key, "b", LATER, START + RETENTION * 1000)


def test_an_expired_request_is_not_listed(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})
    end = START + RETENTION * 1000

    listed = [
        store.list("acme", "ann", state=None, limit=10, cursor=None, now=now).requests
        for now in (end - 1, end)
    ]
    assert [len(requests) for requests in listed] == [1, 0]


def test_the_payload_of_a_request_that_is_gone_is_gone(store: RequestStore):
    with pytest.raises(RequestNotFound):
        store.body("nobody")


# --- claiming -------------------------------------------------------------------------------------


def test_a_claim_gives_a_lease_and_a_deadline(store: RequestStore):
    held = claimed(store, now=START + 1_000)

    assert (held.state, held.attempt, held.worker) == (State.RUNNING, 1, "w1")
    assert held.lease_until == START + 1_000 + LEASE
    assert held.deadline_at == START + 1_000 + 900_000


def test_an_attempt_is_claimed_once(store: RequestStore):
    held = claimed(store)

    assert changed_by(lambda: store.claim(held.key, 1, "w2", START, LEASE)) == held


def test_a_claim_whose_answer_got_lost_is_known_as_ones_own(store: RequestStore, aws: ObservedAws):
    new = submitted(store)
    aws.on("UpdateItem", repeated)

    assert store.claim(new.key, 1, "w1", START, LEASE).worker == "w1"


@pytest.mark.parametrize("attempt", [0, 2, 3])
def test_an_attempt_that_is_not_due_is_not_claimed(store: RequestStore, attempt: int):
    new = submitted(store)

    assert changed_by(lambda: store.claim(new.key, attempt, "w1", START, LEASE)) == new


def test_what_waited_too_long_is_not_claimed(store: RequestStore):
    new = submitted(store)

    assert changed_by(lambda: store.claim(new.key, 1, "w1", new.expires_at, LEASE)) == new


def test_a_later_attempt_is_claimed_whatever_the_first_one_had_to_meet(store: RequestStore):
    held = claimed(store)
    changes = {"attempt": 2, "retry_at": START}
    store.transition(held, Event.RETRY, START, changes=changes)
    again = store.claim(held.key, 2, "w2", held.expires_at + 1, LEASE)

    assert (again.attempt, again.worker, again.retry_at) == (2, "w2", START)  # how late it is


@pytest.mark.parametrize("event", [Event.SUCCEED, Event.FAIL])
def test_what_has_ended_is_not_claimed(store: RequestStore, event: Event):
    held = claimed(store)
    ended = store.transition(held, event, START)

    assert changed_by(lambda: store.claim(held.key, 1, "w2", START, LEASE)) == ended


def test_nothing_is_claimed_where_nothing_is(store: RequestStore, aws: ObservedAws):
    with pytest.raises(RequestNotFound):
        store.claim("nobody", 1, "w1", START, LEASE)
    assert aws.memory.items(TABLE.name) == []


def test_an_exact_change_is_refused_once_something_was_said(store: RequestStore):
    held = claimed(store)
    said = store.tick(held, 1, progress={"percentage": 50, "message": "half", "attempt": 1})

    assert changed_by(lambda: store.transition(held, Event.FAIL, START, exact=True)) == said
    assert store.transition(held, Event.FAIL, START).state is State.FAILED


# --- ticks ----------------------------------------------------------------------------------------

HALF = {"percentage": 50, "message": "half", "attempt": 1}


def test_a_tick_is_one_update(store: RequestStore, aws: ObservedAws):
    held = claimed(store)
    aws.calls.clear()
    store.tick(held, 1, progress=HALF, lease_until=START + 1, gone=frozenset({"a"}))

    assert aws.calls == ["UpdateItem"]


def test_a_tick_brings_subscribers_and_the_wish_to_cancel_back(store: RequestStore):
    held = claimed(store)
    store.subscribe(held.key, "b", LATER, START)
    store.transition(held, Event.CANCEL, START, messages=0, changes={"cancel_reason": "late"})
    after_tick = store.tick(held, 1)

    assert after_tick.subscribers == {"a": LATER, "b": LATER}
    assert (after_tick.state, after_tick.cancel_reason) == (State.CANCELLING, "late")


def test_a_report_takes_one_number(store: RequestStore):
    held = claimed(store)

    assert [store.tick(held, number, progress=HALF).seq for number in (1, 2)] == [1, 2]


def test_a_tick_without_report_takes_none(store: RequestStore):
    held = store.tick(claimed(store), 1, lease_until=START + 2 * LEASE)

    assert (held.seq, held.lease_until, held.progress) == (0, START + 2 * LEASE, None)


def test_a_tick_forgets_who_is_gone(store: RequestStore):
    held = claimed(store)
    store.subscribe(held.key, "b", LATER, START)

    assert store.tick(held, 1, gone=frozenset({"a", "never"})).subscribers == {"b": LATER}


def test_a_tick_that_lands_late_takes_nothing_back(store: RequestStore):
    held = claimed(store)
    latest = store.tick(held, 2, progress=HALF, lease_until=START + 2 * LEASE)

    with pytest.raises(LeaseLost):
        store.tick(held, 1, progress={**HALF, "percentage": 10}, lease_until=START + LEASE)
    assert store.read(held.key, START) == latest


def test_a_tick_whose_answer_got_lost_counts_once(store: RequestStore, aws: ObservedAws):
    held = claimed(store)
    aws.on("UpdateItem", repeated)

    assert store.tick(held, 1, progress=HALF).seq == 1


def test_a_tick_whose_answer_got_lost_hears_of_the_wish_to_cancel(
    store: RequestStore, aws: ObservedAws
):
    held = claimed(store)

    def cancelled_in_between(effect: Any) -> Any:
        effect()
        store.transition(held, Event.CANCEL, START, messages=0)
        return effect()

    aws.on("UpdateItem", cancelled_in_between)
    assert store.tick(held, 1, progress=HALF).state is State.CANCELLING


def test_another_worker_of_the_same_attempt_has_no_lease(store: RequestStore):
    held = claimed(store)

    with pytest.raises(LeaseLost):
        store.tick(replace(held, worker="w2"), 1, progress=HALF)


def test_an_earlier_attempt_has_no_lease(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.RETRY, START, changes={"attempt": 2, "retry_at": START})
    store.claim(held.key, 2, "w2", START, LEASE)

    with pytest.raises(LeaseLost):
        store.tick(held, 1, progress=HALF)


@pytest.mark.parametrize("event", [Event.SUCCEED, Event.FAIL, Event.RETRY])
def test_an_attempt_that_ended_has_no_lease(store: RequestStore, event: Event):
    held = claimed(store)
    store.transition(held, event, START)

    with pytest.raises(LeaseLost):
        store.tick(held, 1, progress=HALF)


def test_a_request_that_is_gone_has_no_lease(store: RequestStore):
    with pytest.raises(LeaseLost):
        store.tick(replace(request(), worker="w1"), 1)


# --- transitions ----------------------------------------------------------------------------------


def test_an_end_is_written_with_its_time(store: RequestStore):
    held = claimed(store)
    ended = store.transition(held, Event.SUCCEED, START + 5, changes={"result": "[1]"})

    assert (ended.state, ended.result, ended.ended_at) == (State.SUCCEEDED, [1], START + 5)
    assert ended.seq == 1


def test_news_of_two_messages_take_two_numbers(store: RequestStore):
    held = claimed(store)

    assert store.transition(held, Event.SUCCEED, START, messages=2).seq == 2


def test_the_first_of_two_ends_counts(store: RequestStore):
    held = claimed(store)
    ended = store.transition(held, Event.SUCCEED, START, changes={"result": "1"})

    assert changed_by(lambda: store.transition(held, Event.FAIL, START)) == ended
    assert store.read(held.key, START) == ended


def test_an_earlier_attempt_ends_nothing(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.RETRY, START, changes={"attempt": 2, "retry_at": START})
    second = store.claim(held.key, 2, "w2", START, LEASE)

    assert changed_by(lambda: store.transition(held, Event.SUCCEED, START)) == second


def test_an_end_whose_answer_got_lost_is_known_as_ones_own(store: RequestStore, aws: ObservedAws):
    held = claimed(store)
    aws.on("UpdateItem", repeated)

    assert store.transition(held, Event.SUCCEED, START, changes={"result": "1"}).seq == 1


def test_what_the_table_of_states_forbids_is_not_even_tried(store: RequestStore, aws: ObservedAws):
    held = submitted(store)
    aws.calls.clear()

    with pytest.raises(IllegalTransition):
        store.transition(held, Event.SUCCEED, START)
    assert aws.calls == []


def test_a_request_that_is_gone_is_not_changed(store: RequestStore, aws: ObservedAws):
    with pytest.raises(RequestNotFound):
        store.transition(request(), Event.CANCEL, START)
    assert aws.memory.items(TABLE.name) == []


# --- subscribers ----------------------------------------------------------------------------------


def test_subscribing_gives_the_snapshot_of_that_moment(store: RequestStore, aws: ObservedAws):
    held = claimed(store)
    aws.on("UpdateItem", after(lambda: store.tick(held, 1, progress=HALF)))
    snapshot = store.subscribe(held.key, "b", LATER, START)

    assert (snapshot.seq, snapshot.progress) == (1, HALF)
    assert store.tick(held, 2, progress=HALF).subscribers == {"a": LATER, "b": LATER}


def test_subscribing_is_one_call(store: RequestStore, aws: ObservedAws):
    new = submitted(store)
    aws.calls.clear()
    store.subscribe(new.key, "b", LATER, START)

    assert aws.calls == ["UpdateItem"]


def test_a_request_has_20_subscribers_at_most(store: RequestStore):
    new = submitted(store)
    for number in range(SUBSCRIBERS_PER_CHANNEL - 1):
        store.subscribe(new.key, f"connection-{number}", LATER, START)

    with pytest.raises(TooManySubscribers):
        store.subscribe(new.key, "one more", LATER, START)


def test_who_has_subscribed_may_do_so_again_at_the_limit(store: RequestStore):
    new = submitted(store)
    for number in range(SUBSCRIBERS_PER_CHANNEL - 1):
        store.subscribe(new.key, f"connection-{number}", LATER, START)

    assert store.subscribe(new.key, "a", LATER + 60, START).subscribers["a"] == LATER + 60


def test_who_leaves_makes_room_for_another(store: RequestStore):
    new = submitted(store)
    for number in range(SUBSCRIBERS_PER_CHANNEL - 1):
        store.subscribe(new.key, f"connection-{number}", LATER, START)
    store.unsubscribe(new.key, "a")

    assert "b" in store.subscribe(new.key, "b", LATER, START).subscribers


def test_what_has_ended_is_read_by_anybody(store: RequestStore):
    held = claimed(store)
    for number in range(SUBSCRIBERS_PER_CHANNEL - 1):
        store.subscribe(held.key, f"connection-{number}", LATER, START)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})

    assert store.subscribe(held.key, "one more", LATER, START).result == 1


def test_what_has_ended_gets_no_more_subscribers(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START, changes={"result": "1"})
    store.subscribe(held.key, "b", LATER, START)

    read = store.read(held.key, START)
    assert read is not None
    assert read.subscribers == {"a": LATER}


def test_subscribing_to_nothing_creates_nothing(store: RequestStore, aws: ObservedAws):
    with pytest.raises(RequestNotFound):
        store.subscribe("nobody", "a", LATER, START)
    with pytest.raises(RequestNotFound):
        store.unsubscribe("nobody", "a")
    assert aws.memory.items(TABLE.name) == []


# --- lists ----------------------------------------------------------------------------------------


def many(store: RequestStore, count: int) -> None:
    for number in range(count):
        new = request(f"r{number}", created_at=START + number)
        store.submit(new, BODY, START)


def pages(store: RequestStore, limit: int, state: State | None = None) -> list[list[str]]:
    found: list[list[str]] = []
    cursor = None
    while True:
        page = store.list("acme", "ann", state=state, limit=limit, cursor=cursor, now=START)
        found.append([entry["request_id"] for entry in page.requests])
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
def test_pages_give_every_request_once_from_the_newest_on(store: RequestStore, limit: int):
    many(store, 5)

    assert list(itertools.chain(*pages(store, limit))) == ["r4", "r3", "r2", "r1", "r0"]


def test_requests_of_the_same_moment_are_all_listed(store: RequestStore):
    for number in range(5):
        submitted(store, request_id=f"r{number}", key=request_key("acme", "ann", f"r{number}"))

    assert sorted(itertools.chain(*pages(store, 2))) == ["r0", "r1", "r2", "r3", "r4"]


def test_a_page_that_keeps_a_state_may_be_short_and_still_go_on(store: RequestStore):
    many(store, 5)
    store.claim(request("r1").key, 1, "w1", START, LEASE)

    assert list(itertools.chain(*pages(store, 2, State.RUNNING))) == ["r1"]


def test_a_cursor_names_no_owner(store: RequestStore):
    many(store, 3)
    page = store.list("acme", "ann", state=None, limit=1, cursor=None, now=START)

    assert page.cursor is not None
    assert json.loads(page.cursor) == ["001700000000002#r2", request("r2").key]
    other = store.list("acme", "bob", state=None, limit=10, cursor=page.cursor, now=START)
    assert other.requests == ()


@pytest.mark.parametrize(
    "cursor", ["", "{}", "[]", "null", '["a","b"]', '["001700000000002#r2",""]', "[", "[1,2]"]
)
def test_a_cursor_of_somebody_elses_making_is_refused(store: RequestStore, cursor: str):
    with pytest.raises(ValueError, match=r"cursor|Expecting"):
        store.list("acme", "ann", state=None, limit=1, cursor=cursor, now=START)


def test_an_entry_has_what_the_index_carries_and_no_more(store: RequestStore):
    held = claimed(store)
    store.transition(held, Event.SUCCEED, START + 5, changes={"result": "1"})
    (entry,) = store.list("acme", "ann", state=None, limit=1, cursor=None, now=START).requests

    assert entry.keys() >= {"request_id", "action", "state", "created_at", "ended_at"}
    assert entry.keys().isdisjoint({"result", "progress", "subs", "tenant", "owner"})


# --- size -----------------------------------------------------------------------------------------


def test_the_item_that_every_tick_writes_stays_below_two_kilobytes(
    store: RequestStore, aws: ObservedAws
):
    trace = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
    new = request("r" * 36, trace=trace, subscribers={}, mark="0" * 33)
    store.submit(new, Body(payload="p" * 100_000, metadata={}), START)
    for number in range(SUBSCRIBERS_PER_CHANNEL):
        store.subscribe(new.key, f"L0SM9cOFvHcCI{number:02d}=", LATER, START)
    held = store.claim(new.key, 1, "w" * 33, START, LEASE)
    store.tick(held, 1, progress={**HALF, "message": "Reading the orders of November"})

    item, _payload = aws.memory.items(TABLE.name)
    assert 800 < size_of(item) <= 2_048


def size_of(item: dict[str, Any]) -> int:
    """Count as DynamoDB does: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""

    def value_size(value: dict[str, Any]) -> int:
        ((kind, content),) = value.items()
        match kind:
            case "S":
                return len(content.encode())
            case "N":
                return len(content) // 2 + 2
            case "M":
                return 3 + sum(1 + len(k.encode()) + value_size(v) for k, v in content.items())
            case _:
                return 1

    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def test_an_aws_error_is_not_mistaken_for_a_lost_race(store: RequestStore, aws: ObservedAws):
    held = claimed(store)
    aws.on("UpdateItem", refused_by(AwsError("InternalServerError", "", 500, "UpdateItem")))

    with pytest.raises(AwsError, match="InternalServerError"):
        store.tick(held, 1)
