"""The simulated SQS does what the real one is documented to do."""

from __future__ import annotations

from random import Random

import pytest

from cdk_streamer_runtime.errors import AwsError
from tests.runtime.sinks.simulation.queues import Queue


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dead(clock: Clock) -> Queue:
    return Queue(name="dead", clock=clock, random=Random(1), visibility=30_000)


@pytest.fixture
def queue(clock: Clock, dead: Queue) -> Queue:
    return Queue(
        name="messages",
        clock=clock,
        random=Random(1),
        visibility=30_000,
        dead_letters=dead,
        most_receives=2,
    )


@pytest.fixture
def fifo(clock: Clock) -> Queue:
    queue = Queue(name="messages.fifo", clock=clock, random=Random(1), visibility=30_000, fifo=True)
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        queue.send({"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": body})
    return queue


def bodies(queue: Queue, most: int = 10) -> list[str]:
    return [message.body for message in queue.receive(most)]


def test_a_received_message_is_hidden_for_a_while(queue: Queue, clock: Clock):
    queue.send({"MessageBody": "a"})

    first, second = bodies(queue), bodies(queue)
    clock.now += 30_000

    assert (first, second, bodies(queue)) == (["a"], [], ["a"])


def test_a_delayed_message_comes_when_its_delay_is_over(queue: Queue, clock: Clock):
    queue.send({"MessageBody": "a", "DelaySeconds": 10})

    first = bodies(queue)
    clock.now += 10_000

    assert (first, bodies(queue)) == ([], ["a"])


def test_a_message_that_was_received_too_often_is_a_dead_letter(
    queue: Queue, dead: Queue, clock: Clock
):
    queue.send({"MessageBody": "a"})

    for _ in range(3):
        queue.receive()
        clock.now += 30_000

    assert (len(queue.messages), [each.body for each in dead.messages.values()]) == (0, ["a"])


def test_a_receipt_of_an_earlier_receive_deletes_nothing(queue: Queue, clock: Clock):
    queue.send({"MessageBody": "a"})
    receipt = queue.receive()[0].receipt
    clock.now += 30_000
    queue.receive()

    queue.delete(receipt)

    assert len(queue.messages) == 1


def test_a_message_that_is_visible_again_cannot_be_hidden(queue: Queue, clock: Clock):
    queue.send({"MessageBody": "a"})
    receipt = queue.receive()[0].receipt
    clock.now += 30_000

    with pytest.raises(AwsError, match="InvalidParameterValue"):
        queue.hide(receipt, 30)


def test_a_message_is_hidden_for_twelve_hours_at_most(queue: Queue, clock: Clock):
    queue.send({"MessageBody": "a"})
    receipt = queue.receive()[0].receipt
    queue.hide(receipt, 6 * 3_600)
    clock.now += 6 * 3_600_000 - 1

    with pytest.raises(AwsError, match="beyond the limit"):
        queue.hide(receipt, 6 * 3_600 + 1)


def test_a_group_is_received_in_its_order(fifo: Queue):
    assert bodies(fifo) == ["a1", "a2", "b1"]


def test_a_group_waits_while_one_of_its_messages_is_hidden(fifo: Queue):
    fifo.receive(1)

    assert bodies(fifo) == ["b1"]


def test_a_group_goes_on_when_its_hidden_message_is_deleted(fifo: Queue):
    fifo.delete(fifo.receive(1)[0].receipt)

    assert bodies(fifo) == ["a2", "b1"]


def test_the_same_message_is_taken_once_in_five_minutes(fifo: Queue, clock: Clock):
    entry = {"MessageBody": "a1", "MessageGroupId": "a", "MessageDeduplicationId": "a1"}

    fifo.send(entry)
    before = len(fifo.messages)
    clock.now += 300_000
    fifo.send(entry)

    assert (before, len(fifo.messages)) == (3, 4)


def test_counts_tell_visible_hidden_and_delayed_messages(queue: Queue, clock: Clock):
    for entry in ({"MessageBody": "a"}, {"MessageBody": "b"}):
        queue.send(entry)
    queue.send({"MessageBody": "c", "DelaySeconds": 10})
    queue.receive(1)

    assert [*queue.counts(clock.now).values()] == ["1", "1", "1"]
