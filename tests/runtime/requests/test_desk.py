"""Where requests are accepted and asked about, always on behalf of one caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Retry
from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Conflict, RequestNotFound
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, CountedMetrics
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.requests.desk import Desk, Submission
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets.posts import Posts
from tests.runtime.api import ANN, BOB, EVE
from tests.runtime.observed_aws import ObservedAws, after

APP = AsyncApp()
APP.action("job", mode="async")(lambda payload: payload)
APP.action("short", mode="async", timeout=60, expires=30, retry=Retry(max_attempts=5))(lambda: None)


class Office:
    """A desk and what it stands on."""

    def __init__(self) -> None:
        self.platform = MemoryPlatform()
        self.aws = ObservedAws(MemoryAws(clock=self.platform.clock, tables=[TABLE]))
        self.aws.memory.connections.open("a")
        self.metrics = CountedMetrics()
        self.store = RequestStore(
            Table(self.aws, TABLE.name), retention=3_600, new_mark=self.platform.new_id
        )
        posts = Posts(self.aws, ENDPOINT, metrics=self.metrics)
        self.desk = Desk(
            store=self.store,
            endings=Endings(posts, self.metrics, self.platform.clock),
            clock=self.platform.clock,
            new_id=self.platform.new_id,
            worker_timeout=900,
        )

    def claim(self, request_id: str = "r1") -> Any:
        request = self.desk.find(ANN, request_id)
        return self.store.claim(request.key, 1, "w1", self.platform.now, 60_000)


@pytest.fixture
def office() -> Office:
    return Office()


def submission(request_id: str = "r1", action: str = "job", **changes: Any) -> Submission:
    new = Submission(
        request_id=request_id,
        action=APP.find(action),
        payload={"month": 11},
        metadata={"screen": "a"},
        connection="a",
        trace="Root=1-2-3",
    )
    return replace(new, **changes)


def test_a_request_takes_its_limits_from_its_action(office: Office):
    request, created = office.desk.submit(ANN, submission(action="short"))

    assert created
    assert (request.timeout, request.max_attempts) == (60_000, 5)
    assert request.expires_at == START + 30_000


def test_an_action_without_a_timeout_has_the_workers(office: Office):
    assert office.desk.submit(ANN, submission())[0].timeout == 900_000


def test_who_submits_is_subscribed_until_its_token_ends(office: Office):
    assert office.desk.submit(ANN, submission())[0].subscribers == {"a": ANN.expires}


def test_a_request_may_have_nobody_who_listens(office: Office):
    assert office.desk.submit(ANN, submission(connection=None))[0].subscribers == {}


def test_payload_and_metadata_are_kept_for_the_worker(office: Office):
    request, _ = office.desk.submit(ANN, submission())
    body = office.store.body(request.key)

    assert (body.payload, body.metadata) == ({"month": 11}, {"screen": "a"})


def test_metadata_is_no_part_of_what_is_asked(office: Office):
    office.desk.submit(ANN, submission())

    assert office.desk.submit(ANN, submission(metadata={"screen": "b"}))[1] is False


@pytest.mark.parametrize("change", [{"payload": {"month": 12}}, {"action": "short"}])
def test_another_payload_or_action_is_a_conflict(office: Office, change: dict[str, Any]):
    office.desk.submit(ANN, submission())

    with pytest.raises(Conflict):
        office.desk.submit(ANN, submission(**change))


def test_a_request_is_found_by_its_owner_alone(office: Office):
    office.desk.submit(ANN, submission())

    assert office.desk.find(ANN, "r1").request_id == "r1"
    for other in (BOB, EVE):
        with pytest.raises(RequestNotFound):
            office.desk.find(other, "r1")


def test_a_request_that_is_new_is_counted_once(office: Office):
    office.desk.submit(ANN, submission())
    office.desk.submit(ANN, submission())

    assert office.metrics.counts == {Metric.REQUESTS_QUEUED: 1}


# --- cancelling -----------------------------------------------------------------------------------


def test_what_waits_is_ended_and_told(office: Office):
    office.desk.submit(ANN, submission())

    assert office.desk.cancel(ANN, "r1", "late").state is State.CANCELLED
    assert len(office.aws.memory.connections.messages("a")) == 1
    assert office.metrics.counts[Metric.REQUESTS_CANCELLED] == 1


def test_what_waits_for_another_attempt_is_ended_too(office: Office):
    office.desk.submit(ANN, submission())
    held = office.claim()
    office.store.transition(held, Event.RETRY, START, changes={"attempt": 2, "retry_at": START})

    assert office.desk.cancel(ANN, "r1", None).state is State.CANCELLED


def test_what_runs_is_asked_to_stop_without_a_word(office: Office):
    office.desk.submit(ANN, submission())
    office.claim()
    asked = office.desk.cancel(ANN, "r1", "late")

    assert (asked.state, asked.cancel_reason, asked.seq) == (State.CANCELLING, "late", 0)
    assert office.aws.memory.connections.messages("a") == []


def test_the_first_reason_counts(office: Office):
    office.desk.submit(ANN, submission())
    office.claim()
    office.desk.cancel(ANN, "r1", "late")

    assert office.desk.cancel(ANN, "r1", "wrong").cancel_reason == "late"


def test_what_has_ended_stays_as_it_is(office: Office):
    office.desk.submit(ANN, submission())
    ended = office.store.transition(office.claim(), Event.FAIL, START)

    assert office.desk.cancel(ANN, "r1", "late") == ended


@pytest.mark.parametrize("event", [Event.SUCCEED, Event.FAIL, Event.RETRY])
def test_what_changes_while_it_is_cancelled_is_looked_at_again(office: Office, event: Event):
    office.desk.submit(ANN, submission())
    held = office.claim()
    office.aws.on("UpdateItem", after(lambda: office.store.transition(held, event, START)))

    expected = {Event.SUCCEED: State.SUCCEEDED, Event.FAIL: State.FAILED}
    assert office.desk.cancel(ANN, "r1", None).state is expected.get(event, State.CANCELLED)


@pytest.mark.parametrize("other", [BOB, EVE], ids=["owner", "tenant"])
def test_nobody_cancels_for_others(office: Office, other: Any):
    office.desk.submit(ANN, submission())

    with pytest.raises(RequestNotFound):
        office.desk.cancel(other, "r1", None)
    assert office.desk.find(ANN, "r1").state is State.QUEUED


# --- listening ------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [BOB, EVE], ids=["owner", "tenant"])
def test_nobody_listens_to_others(office: Office, other: Any):
    office.desk.submit(ANN, submission())

    with pytest.raises(RequestNotFound):
        office.desk.subscribe(other, "b", "r1")
    with pytest.raises(RequestNotFound):
        office.desk.unsubscribe(other, "a", "r1")
    assert office.desk.find(ANN, "r1").subscribers == {"a": ANN.expires}


def test_everybody_lists_their_own(office: Office):
    office.desk.submit(ANN, submission())
    lists = [
        office.desk.list(caller, state=None, limit=10, cursor=None).requests
        for caller in (ANN, BOB, EVE)
    ]

    assert [len(entries) for entries in lists] == [1, 0, 0]
