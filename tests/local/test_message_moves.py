"""Moving messages out of a dead-letter queue, where the engine's own answers do not reach."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_streamer_local.engine.message_moves import MessageMoves

DEAD, LIVE = "arn:aws:sqs:r:1:dead", "arn:aws:sqs:r:1:live"


class Refused(Exception):
    """What the engine raises."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Here:
    """Two queues, and tasks that run when the test says so."""

    def __init__(self, *origins: str | None, fifo: bool = False) -> None:
        self.queues: dict[str, Any] = {
            arn: {"is_fifo": fifo, "fifo_seq": 7, "messages": [], "attributes": {}}
            for arn in (DEAD, LIVE)
        }
        policy = {"deadLetterTargetArn": DEAD, "maxReceiveCount": 1}
        self.queues[LIVE]["attributes"]["RedrivePolicy"] = json.dumps(policy)
        for number, origin in enumerate(origins):
            told = {"DeadLetterQueueSourceArn": origin} if origin else {}
            self.queues[DEAD]["messages"].append(
                {"id": f"m{number}", "visible_at": 0.0, "receive_count": 3, "dedup_id": "d",
                 "sys": {"SenderId": "me", **told}},
            )  # fmt: skip
        engine = SimpleNamespace(
            _HANDLERS={},
            _Err=Refused,
            _queues=SimpleNamespace(_data=self.queues),
            _queue_by_arn=self.queues.get,
            queue_delay=lambda _: 0,
        )
        self.refused: set[str] = set()
        self.begun: list[Any] = []
        self.slept: list[float] = []
        self.woken = 0
        self.moves = MessageMoves(
            engine, threading.RLock(), self, self.wake,
            start=self.begun.append, sleep=self.slept.append,
        )  # fmt: skip

    def refusal(self, action: str, arn: str) -> str | None:
        return f"{action} on {arn}" if action in self.refused else None

    def wake(self) -> None:
        self.woken += 1

    def start(self, **asked: Any) -> str:
        return self.moves.start({"SourceArn": DEAD, **asked}, "")["TaskHandle"]

    def task(self) -> dict[str, Any]:
        return self.moves.list({"SourceArn": DEAD}, "")["Results"][0]

    def ids(self, arn: str) -> list[str]:
        return [each["id"] for each in self.queues[arn]["messages"]]


def test_messages_go_home_at_the_rate_and_are_new_there():
    here = Here(LIVE, LIVE)
    here.start(MaxNumberOfMessagesPerSecond=4)
    here.begun[0]()

    assert here.ids(DEAD) == []
    assert not {"m0", "m1"} & set(here.ids(LIVE))
    assert {each["receive_count"] for each in here.queues[LIVE]["messages"]} == {0}
    assert here.slept == [0.25, 0.25]
    assert here.woken == 2
    assert here.task()["Status"] == "COMPLETED"


def test_of_a_fifo_queue_they_have_the_next_number_and_are_no_duplicates():
    here = Here(LIVE, fifo=True)
    here.start()
    here.begun[0]()

    (message,) = here.queues[LIVE]["messages"]
    assert (message["seq"], message["dedup_id"]) == (f"{8:020}", "m0")


def test_what_somebody_else_has_received_or_sent_meanwhile_stays():
    here = Here(LIVE, LIVE)
    here.start()
    messages = here.queues[DEAD]["messages"]
    messages[0]["visible_at"] = time.time() + 60
    messages.append({**messages[1], "id": "later"})
    here.begun[0]()

    assert here.ids(DEAD) == ["m0", "later"]
    assert (here.task()["ApproximateNumberOfMessagesMoved"], here.task()["Status"]) == (
        1,
        "COMPLETED",
    )


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        (None, "CouldNotDetermineMessageSource"),
        ("arn:aws:sqs:r:1:gone", "AWS.SimpleQueueService.NonExistentQueue"),
    ],
)
def test_a_task_that_knows_no_way_fails_and_says_why(origin, reason):
    here = Here(LIVE, origin, LIVE)
    here.start()
    here.begun[0]()

    assert here.ids(DEAD) == ["m1", "m2"]
    assert (here.task()["Status"], here.task()["FailureReason"]) == ("FAILED", reason)


def test_after_a_task_has_ended_there_may_be_another():
    here = Here(LIVE)
    handle = here.start()
    here.moves.cancel({"TaskHandle": handle}, "")
    here.begun[0]()
    assert here.ids(DEAD) == ["m0"]
    with pytest.raises(Refused, match="Task does not exist"):
        here.moves.cancel({"TaskHandle": handle}, "")

    here.start()

    told = here.moves.list({"SourceArn": DEAD, "MaxResults": 10}, "")["Results"]
    assert [each["Status"] for each in told] == ["RUNNING", "CANCELLED"]


@pytest.mark.parametrize("action", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
def test_who_may_not_read_the_dead_letters_moves_none(action):
    here = Here(LIVE)
    here.refused = {f"sqs:{action}"}

    with pytest.raises(Refused, match=f"sqs:{action} on {DEAD}"):
        here.start()


def test_who_may_not_send_to_the_destination_moves_nothing_there():
    here = Here(LIVE)
    here.refused = {"sqs:SendMessage"}

    with pytest.raises(Refused, match=f"sqs:SendMessage on {LIVE}"):
        here.start(DestinationArn=LIVE)
