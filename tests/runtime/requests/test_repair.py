"""What a crash left behind is put back on its way, and no crash leaves anything for ever."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Retry
from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.requests.repair import GRACE, LOST_AFTER, OVERTIME
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import Killed, after
from tests.runtime.wire import faults

KEY = request_key("acme", "ann", "r1")
WATCH = WorkMessage(key=KEY, attempt=1)
LEASE = 60_000
SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000


class Crashing:
    """An API whose handler dies in the attempts that a test names."""

    def __init__(self, *crashes: int, **options: Any) -> None:
        self.crashes = crashes
        self.started: list[tuple[int, int]] = []  # attempt, seconds since it was accepted
        app = AsyncApp()
        app.action("job", mode="async", **options)(self._handle)
        self.api = ObservedApi(app)
        self.ann: Connection = self.api.connect(ANN)
        self.before_death: Any = lambda: None

    def _handle(self) -> str:
        request = self.api.stored(ANN, "r1")
        elapsed = (self.api.platform.now - request.created_at) // SECOND
        self.started.append((request.attempt, elapsed))
        if request.attempt in self.crashes:
            self.before_death()
            raise Killed
        return f"attempt {request.attempt}"

    def submit(self) -> Crashing:
        self.api.hear(self.ann, {"action": "job", "id": "r1"})
        return self

    @property
    def request(self) -> Any:
        return self.api.stored(ANN, "r1")

    @property
    def kinds(self) -> list[str]:
        messages = self.api.messages(self.ann)
        assert [fault for message in messages for fault in faults(message)] == []
        return [message["type"] for message in messages]

    def lose_work(self) -> bool:
        """Let the work queue forget everything, as when messages were dead-lettered."""
        url = self.api.aws.queue_url("work")
        while found := self.api.aws.call("sqs", "ReceiveMessage", {"QueueUrl": url}):
            for message in found["Messages"]:
                parameters = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
                self.api.aws.call("sqs", "DeleteMessage", parameters)
        return False

    def watch(self) -> bool:
        return self.api.watcher.handle(WATCH, self._receipt())

    def _receipt(self) -> str:
        url = self.api.aws.queue_url("watch")
        answer = self.api.aws.call("sqs", "ReceiveMessage", {"QueueUrl": url})
        return answer["Messages"][0]["ReceiptHandle"]


# --- workers that died ----------------------------------------------------------------------------


def test_a_killed_worker_is_followed_by_another_within_the_lease_and_half_a_minute():
    world = Crashing(1).submit()
    world.api.wait(HOUR)

    (_, first), (attempt, second) = world.started
    assert attempt == 2
    assert second - first <= 90
    assert world.request.result == "attempt 2"


def test_the_client_reads_retrying_and_no_false_error():
    world = Crashing(1).submit()
    world.api.wait(HOUR)

    assert world.kinds == ["acknowledgment", "retrying", "complete"]


@pytest.mark.parametrize("waited", [61 * SECOND, 2 * MINUTE, 4 * MINUTE])
def test_it_does_not_matter_how_long_the_request_waited_for_its_worker(waited: int):
    world = Crashing(1).submit()
    world.api.dispatch()
    hidden = world.api.aws.call(
        "sqs",
        "ReceiveMessage",
        {
            "QueueUrl": world.api.aws.queue_url("work"),
            "VisibilityTimeout": waited // SECOND,  # as when all workers are busy
        },
    )
    world.api.wait(HOUR)

    assert hidden["Messages"]
    (_, first), (_, second) = world.started
    assert first == waited // SECOND
    assert second - first <= 90


def test_every_killed_attempt_is_counted():
    world = Crashing(1, 2).submit()
    world.api.wait(HOUR)

    assert [attempt for attempt, _ in world.started] == [1, 2, 3]
    assert world.request.result == "attempt 3"
    assert world.api.counted.counts[Metric.LEASES_LOST] == 2


def test_a_request_whose_workers_all_died_fails():
    world = Crashing(1, 2, 3).submit()
    world.api.wait(HOUR)

    assert world.request.state is State.FAILED
    assert world.request.error == {
        "code": "PROCESSING_FAILED",
        "message": "the worker stopped in each of 3 attempts",
        "retryable": True,
    }
    assert world.kinds[-1] == "error"


def test_a_request_that_may_be_tried_once_fails_with_its_worker():
    world = Crashing(1, retry=Retry(max_attempts=1)).submit()
    world.api.wait(HOUR)

    assert len(world.started) == 1
    assert world.request.state is State.FAILED


@pytest.mark.parametrize("timeout", [1, 10, 30, 60])
def test_a_death_that_shows_after_a_short_deadline_is_no_timeout(timeout: int):
    world = Crashing(1, timeout=timeout)
    world.submit().api.wait(HOUR)

    assert [attempt for attempt, _ in world.started] == [1, 2]
    assert world.request.result == "attempt 2"


@pytest.mark.parametrize("timeout", [1, 10, 30, 100])
def test_a_worker_that_was_alive_after_the_deadline_leaves_a_timeout(timeout: int):
    world = Crashing(timeout=timeout).submit()
    world.api.dispatch()
    store = world.api.worker._store  # noqa: SLF001
    held = store.claim(KEY, 1, "w1", START, LEASE)
    for number in range(1, 8):  # a heartbeat each third of the lease, although its time is up
        world.api.platform.advance(LEASE // 3)
        store.tick(held, number, lease_until=world.api.platform.now + LEASE)

    assert world.watch() is True
    assert world.request.error["code"] == "TIMEOUT"


def test_a_retry_that_no_worker_takes_expires():
    world = Crashing(expires=600).submit()
    world.api.dispatch()
    store = world.api.worker._store  # noqa: SLF001
    held = store.claim(KEY, 1, "w1", START, LEASE)
    store.transition(held, Event.RETRY, START, changes={"attempt": 2, "retry_at": START})
    world.api.work = world.lose_work
    world.api.wait(HOUR)

    assert world.request.state is State.EXPIRED
    assert world.request.ended_at - START <= (600 + 15) * SECOND
    assert world.kinds[-1] == "error"


@pytest.mark.parametrize("waited", [6 * MINUTE, 14 * MINUTE, 40 * MINUTE])
def test_a_worker_that_dies_after_a_late_claim_is_missed_as_soon(waited: int):
    world = Crashing(1).submit()
    world.api.dispatch()
    work, world.api.work = world.api.work, world.lose_work
    world.api.wait(waited)
    world.api.work = work
    world.api.wait(HOUR)

    (_, first), (_, second) = world.started
    assert first >= waited // SECOND
    assert second - first <= 90
    assert world.api.aws.messages("watch") == []


def test_a_worker_that_comes_in_time_sends_no_watch_of_its_own():
    world = Crashing().submit()
    world.api.wait(HOUR)

    assert world.api.observed.counts["SendMessage"] == 0


def test_a_worker_that_died_while_it_was_asked_to_stop_leaves_it_cancelled():
    world = Crashing(1)
    world.before_death = lambda: world.api.hear(
        world.api.connect(ANN), {"action": "cancel", "payload": {"request_id": "r1"}}
    )
    world.submit().api.wait(HOUR)

    assert world.request.state is State.CANCELLED
    assert len(world.started) == 1
    assert world.kinds[-1] == "cancelled"


def test_a_worker_that_lives_is_left_alone():
    world = Crashing().submit()
    world.api.dispatch()
    claimed = world.api.worker._store.claim(KEY, 1, "w1", START, LEASE)  # noqa: SLF001
    world.api.platform.advance(LEASE + GRACE - 1)

    assert world.watch() is False
    assert world.api.stored(ANN, "r1") == claimed


def test_a_worker_that_never_ends_is_given_up_in_the_end():
    world = Crashing(timeout=120).submit()
    world.api.dispatch()
    store = world.api.worker._store  # noqa: SLF001
    held = store.claim(KEY, 1, "w1", START, LEASE)
    world.api.platform.advance(120_000 + OVERTIME)
    store.tick(held, 1, lease_until=world.api.platform.now + LEASE)  # it still keeps its lease

    assert world.watch() is True
    assert world.request.error["code"] == "TIMEOUT"


# --- messages that got lost -----------------------------------------------------------------------


def test_a_request_whose_work_message_was_lost_is_queued_again():
    world = Crashing().submit()
    world.api.dispatch()
    world.lose_work()
    world.api.wait(HOUR)

    ((attempt, seconds),) = world.started
    assert (attempt, seconds) == (1, (LOST_AFTER + GRACE) // SECOND)


def test_a_retry_whose_work_message_was_lost_is_queued_again():
    world = Crashing(1).submit()
    world.api.dispatch()
    world.api.work()
    world.api.platform.advance(LEASE + GRACE)
    world.api.observed.on("SendMessage", after(_die))
    world.api.watch()
    world.api.wait(HOUR)

    assert world.request.result == "attempt 2"


def test_queued_requests_are_sent_again_rarer_and_rarer():
    world = Crashing(expires=2 * 3_600).submit()
    world.api.dispatch()
    world.lose_work()
    sent: list[int] = []
    for _ in range(2 * 60 * 6):
        world.api.platform.advance(10 * SECOND)
        while world.api.watch():
            pass
        if world.api.aws.messages("work"):
            sent.append((world.api.platform.now - START) // MINUTE)
            world.lose_work()

    assert sent[:3] == [5, 10, 20]
    assert len(sent) <= 10


@pytest.mark.parametrize("expires", [10, 300, 1_000, 3_600])
def test_a_request_that_nobody_starts_expires_in_time(expires: int):
    world = Crashing(expires=expires).submit()
    world.api.dispatch()
    for _ in range(100_000):
        world.lose_work()
        if world.request.is_terminal:
            break
        world.api.platform.advance(5 * SECOND)
        while world.api.watch():
            pass

    assert world.request.state is State.EXPIRED
    assert world.request.ended_at - START <= (expires + 70) * SECOND
    assert world.api.counted.counts[Metric.REQUESTS_EXPIRED] == 1


def test_an_expired_request_is_told_as_a_timeout():
    world = Crashing(expires=10).submit()
    world.api.dispatch()
    world.lose_work()
    world.api.wait(HOUR)

    assert world.kinds == ["acknowledgment", "error"]
    assert world.request.error["code"] == "TIMEOUT"


# --- races ----------------------------------------------------------------------------------------


def test_what_ends_while_it_is_looked_at_is_left_alone():
    world = Crashing(1).submit()
    world.api.dispatch()
    world.api.work()
    world.api.platform.advance(LEASE + GRACE)
    store = world.api.worker._store  # noqa: SLF001
    held = store.read(KEY, world.api.platform.now)
    assert held is not None

    def finish() -> None:
        from cdk_streamer_runtime.requests.transitions import Event

        store.transition(held, Event.SUCCEED, world.api.platform.now, changes={"result": "1"})

    world.api.observed.on("GetItem", _then(finish))
    assert world.watch() is True
    assert world.request.state is State.SUCCEEDED


def test_two_watchers_start_one_attempt():
    world = Crashing(1).submit()
    world.api.dispatch()
    world.api.work()
    world.api.platform.advance(LEASE + GRACE)
    receipt = world._receipt()  # noqa: SLF001
    world.api.observed.on("UpdateItem", after(lambda: world.api.watcher.handle(WATCH, receipt)))
    world.api.watcher.handle(WATCH, receipt)

    assert (world.request.state, world.request.attempt) == (State.RETRY_WAIT, 2)


def test_a_watch_message_of_what_has_ended_is_done():
    world = Crashing().submit()
    world.api.settle()
    world.api.platform.advance(LEASE)

    assert world.watch() is True


def test_a_watch_message_of_what_is_gone_is_done():
    nobody = WorkMessage(key="nobody", attempt=1)

    assert Crashing().api.watcher.handle(nobody, "receipt") is True


def test_a_watch_message_of_what_goes_on_is_hidden_until_the_next_look():
    world = Crashing().submit()
    world.api.dispatch()
    world.api.platform.advance(LEASE)

    assert world.watch() is False
    hidden_until = world.api.aws.next_visible_at("watch")
    assert hidden_until is not None
    assert START + LEASE < hidden_until <= START + LOST_AFTER + GRACE


def test_a_request_leaves_no_message_behind():
    world = Crashing(1).submit()
    world.api.wait(2 * HOUR)

    assert world.api.aws.messages("watch") == []
    assert world.api.aws.messages("work") == []


def test_a_whole_life_needs_few_looks():
    # A watch message may be received 1,000 times; the longest request must not need more.
    world = Crashing(*range(1, 26), retry=Retry(max_attempts=25), timeout=900).submit()
    world.api.wait(48 * HOUR)

    assert world.request.state is State.FAILED
    assert world.api.observed.counts["ChangeMessageVisibility"] < 1_000


def test_a_work_message_that_is_not_ours_is_refused():
    with pytest.raises((ValueError, KeyError)):
        WorkMessage.from_body('{"hello": "world"}')
    with pytest.raises(ValueError, match="Expecting"):
        WorkMessage.from_body("hello")


def _die() -> None:
    raise Killed


def _then(act: Any) -> Any:
    def intervene(effect: Any) -> Any:
        result = effect()
        act()
        return result

    return intervene
