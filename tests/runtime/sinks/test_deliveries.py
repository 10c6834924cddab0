"""A batch of messages: each for itself, at its pace, and back in time when it is not delivered."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.errors import DownstreamUnavailable, Permanent, Retryable
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.observed_aws import request_lost
from tests.runtime.sinks.world import World

BODIES = [str(number) for number in range(10)]
DEAD_LETTERS = "https://sqs.memory/000000000000/dead.fifo"
AWAY = [request_lost] * 200


@pytest.fixture
def world():
    return World()


def raising(error: BaseException, *bodies: str):
    def act(record: SinkRecord) -> None:
        if record.body in bodies:
            raise error

    return act


def test_what_is_delivered_leaves_the_queue(world):
    world.send("a", "b")
    assert world.handle() == []
    assert (world.author.bodies, world.left()) == (["a", "b"], [])
    assert world.count == {SinkMetric.DELIVERED: 2}


def test_what_fails_comes_again_and_hurts_no_other(world):
    world.send("a", "b", "c")
    world.author.act = raising(RuntimeError("no luck"), "b")
    assert world.handle() == ["b"]
    assert world.author.bodies == ["a", "b", "c"]
    assert world.count == {SinkMetric.DELIVERED: 2, SinkMetric.FAILED: 1}


def test_what_fails_is_hidden_longer_each_time(world):
    world.send("a")
    world.author.act = raising(RuntimeError("no luck"), "a")
    hidden = []
    for _ in range(10):
        world.handle()
        hidden.append(world.hidden())
        world.platform.advance(int(world.hidden() * 1000))
    assert hidden == [1, 2, 4, 8, 16, 32, 64, 128, 256, 450]


def test_what_wants_to_come_again_after_a_time_does(world):
    world.send("a")
    world.author.act = raising(Retryable("busy", after=77.2), "a")
    world.handle()
    assert world.hidden() == 78


def test_what_can_never_be_delivered_is_put_aside(world):
    world.send("a", "b")
    world.author.act = raising(Permanent("no such account"), "a")
    assert world.handle() == []
    assert (world.left(), world.left(world.rejected)) == ([], ["a"])
    assert world.count == {SinkMetric.DELIVERED: 1, SinkMetric.REJECTED: 1}


def test_what_cannot_be_put_aside_is_not_acknowledged(world):
    world.send("a")
    world.author.act = raising(Permanent("no such account"), "a")
    world.aws.on("SendMessage", *AWAY)
    assert world.handle() == ["a"]
    assert world.left(world.rejected) == []
    assert world.hidden() >= 60


def test_a_queue_that_is_away_for_a_moment_is_asked_again(world):
    world.send("a")
    world.author.act = raising(Permanent("no such account"), "a")
    world.aws.on("SendMessage", request_lost, request_lost)
    assert world.handle() == []
    assert world.left(world.rejected) == ["a"]


def test_a_rate_spaces_what_is_delivered():
    world = World(rate=10)
    world.send(*BODIES)
    assert world.handle() == []
    begin = world.author.moments[0]
    assert [moment - begin for moment in world.author.moments] == list(range(0, 1000, 100))


def test_workers_share_a_rate():
    world = World(rate=10)
    world.send(*BODIES, *BODIES)
    first, second = world.receive(), world.receive()
    world.handle(first)
    world.platform.now -= 900  # they run at the same time
    world.handle(second, worker=world.another())
    moments = sorted(world.author.moments)
    assert [moment - moments[0] for moment in moments] == list(range(0, 2000, 100))


def test_what_gets_no_turn_in_time_is_handed_back_untried():
    world = World(rate=0.5, together=True)
    world.send(*BODIES, *BODIES)
    assert world.handle() == []
    assert world.handle(worker=world.another()) == BODIES
    assert world.author.bodies == BODIES
    assert world.count[SinkMetric.THROTTLED] == 10
    assert world.hidden() >= 60


def test_what_was_reserved_too_long_ago_is_reserved_anew():
    world = World(rate=10)
    world.send(*BODIES)

    def stall(record: SinkRecord) -> None:
        if record.body == "4":
            world.platform.advance(20_000)

    world.author.act = stall
    world.handle()
    begin, *later = world.author.moments[5:]
    assert [moment - begin for moment in later] == [100, 200, 300, 400]


def test_a_table_that_cannot_be_asked_for_a_turn_hands_all_back():
    world = World(rate=10)
    world.send("a", "b")
    world.aws.on("UpdateItem", *AWAY)
    assert world.handle() == ["a", "b"]
    assert world.author.bodies == []
    assert world.hidden() >= 60


def test_a_table_that_is_away_for_a_moment_is_asked_again():
    world = World(rate=10)
    world.send("a", "b")
    world.aws.on("UpdateItem", request_lost, request_lost)
    assert world.handle() == []


# --- in one call ---


@pytest.fixture
def together():
    return World(together=True)


def test_a_batch_is_delivered_in_one_call(together):
    together.send("a", "b")
    given: list[int] = []
    together.sink = Sink()
    together.sink.deliver_batch(lambda records: given.append(len(records)))
    assert together.handle(worker=together.another()) == []
    assert given == [2]


def test_a_batch_begins_at_its_rate():
    world = World(together=True, rate=10)
    for _ in range(3):
        world.send(*BODIES)
        world.handle(worker=world.another())
    begins = [world.author.moments[number] for number in (0, 10, 20)]
    assert [moment - begins[0] for moment in begins] == [0, 1000, 2000]


def test_of_a_batch_those_come_again_that_are_named(together):
    together.send("a", "b", "c")
    together.author.act = lambda first: [first.id]
    assert together.handle() == ["a"]
    assert together.count == {SinkMetric.DELIVERED: 2, SinkMetric.FAILED: 1}


def test_of_a_batch_each_may_have_its_own_error(together):
    together.send("a", "b")
    together.author.act = lambda first: {first.id: Permanent("no such account")}
    assert together.handle() == []
    assert together.left(together.rejected) == ["a"]
    assert together.count == {SinkMetric.DELIVERED: 1, SinkMetric.REJECTED: 1}


def test_a_batch_that_raises_comes_again_whole(together):
    together.send("a", "b")
    together.author.act = raising(RuntimeError("no luck"), "a")
    assert together.handle() == ["a", "b"]
    assert together.count == {SinkMetric.FAILED: 2}


@pytest.mark.parametrize("answer", ["an id", b"ids", 1, ["of none of them"], [None]])
def test_a_batch_whose_answer_names_no_record_comes_again(together, answer):
    together.send("a", "b")
    together.author.act = lambda _first: answer
    assert together.handle() == ["a", "b"]


def test_a_batch_that_is_refused_for_good_is_delivered_one_by_one(together):
    together.send("a", "b", "c")
    together.sink = Sink()

    def deliver(records):
        if any(record.body == "b" for record in records):
            raise Permanent("no such account")

    together.sink.deliver_batch(deliver)
    assert together.handle(worker=together.another()) == []
    assert together.left(together.rejected) == ["b"]
    assert together.count == {SinkMetric.DELIVERED: 2, SinkMetric.REJECTED: 1}


# --- in order ---


@pytest.fixture
def fifo():
    return World(fifo=True)


def test_nothing_of_a_group_is_delivered_behind_what_comes_again(fifo):
    fifo.send("a1", "a2", "a3", group="a")
    fifo.send("b1", "b2", group="b")
    fifo.author.act = raising(RuntimeError("no luck"), "a2")
    assert fifo.handle() == ["a2", "a3"]
    assert fifo.author.bodies == ["a1", "a2", "b1", "b2"]
    assert fifo.count == {
        SinkMetric.DELIVERED: 3,
        SinkMetric.FAILED: 1,
        SinkMetric.HANDED_BACK: 1,
    }


def test_what_waits_behind_a_message_comes_when_that_does(fifo):
    fifo.send("a1", "a2", group="a")
    fifo.author.act = raising(Retryable("busy", after=100), "a1")
    fifo.handle()
    fifo.platform.advance(100_000)
    assert [record["body"] for record in fifo.receive()] == ["a1", "a2"]


def test_a_group_goes_on_behind_what_was_rejected(fifo):
    fifo.send("a1", "a2", group="a")
    fifo.author.act = raising(Permanent("no such account"), "a1")
    assert fifo.handle() == []
    assert fifo.author.bodies == ["a1", "a2"]


def test_what_fails_too_often_holds_up_its_group_no_longer():
    fifo = World(fifo=True, max_receive_count=3, dead_letter_queue_url=DEAD_LETTERS)
    fifo.send("a1", "a2", group="a")
    fifo.author.act = raising(RuntimeError("no luck"), "a1")
    left = []
    for _ in range(5):
        left.append(fifo.handle())
        fifo.platform.advance(60_000)
    assert left == [["a1", "a2"]] * 4 + [[]]
    assert fifo.left(fifo.dead) == ["a1"]
    assert fifo.author.bodies[-1] == "a2"


def test_what_was_received_behind_another_has_chances_of_its_own():
    fifo = World(fifo=True, max_receive_count=3, dead_letter_queue_url=DEAD_LETTERS)
    fifo.send("a1", "a2", group="a")
    fifo.author.act = raising(RuntimeError("no luck"), "a1")
    for _ in range(4):
        fifo.handle()
        fifo.platform.advance(60_000)
    fifo.author.act = raising(RuntimeError("no luck"), "a1", "a2")
    assert fifo.handle() == ["a2"]
    fifo.platform.advance(60_000)
    fifo.author.act = raising(RuntimeError("no luck"))
    assert fifo.handle() == []
    assert fifo.left(fifo.dead) == ["a1"]


def test_a_table_that_is_away_makes_no_dead_letter():
    fifo = World(fifo=True, max_receive_count=1, dead_letter_queue_url=DEAD_LETTERS)
    fifo.send("a1", group="a")
    fifo.author.act = raising(RuntimeError("no luck"), "a1")
    fifo.aws.on("UpdateItem", *AWAY)
    assert fifo.handle() == ["a1"]
    assert fifo.left(fifo.dead) == []


def test_what_a_downstream_that_is_down_refuses_is_never_a_dead_letter():
    fifo = World(fifo=True, max_receive_count=3, dead_letter_queue_url=DEAD_LETTERS)
    fifo.send("a1", group="a")
    fifo.author.act = raising(DownstreamUnavailable("down"), "a1")
    for _ in range(5):
        fifo.handle()
        fifo.platform.advance(900_000)
    assert (fifo.left(), fifo.left(fifo.dead)) == (["a1"], [])


def test_what_a_batch_has_delivered_behind_a_failure_is_done():
    fifo = World(fifo=True, together=True)
    fifo.send("a1", "a2", group="a")
    fifo.author.act = lambda first: [first.id]
    assert fifo.handle() == ["a1"]


def test_of_a_group_that_fails_together_the_first_alone_is_forsaken():
    fifo = World(fifo=True, together=True, max_receive_count=1, dead_letter_queue_url=DEAD_LETTERS)
    fifo.sink = Sink()

    @fifo.sink.deliver_batch
    def deliver(records):
        bodies = [record.body for record in records]
        return [record.id for record in records] if "a1" in bodies else None

    fifo.send("a1", "a2", "a3", group="a")
    for _ in range(2):
        assert fifo.handle(worker=fifo.another()) == ["a1", "a2", "a3"]
        fifo.platform.advance(60_000)
    assert fifo.handle(worker=fifo.another()) == []
    assert fifo.left(fifo.dead) == ["a1"]
    assert fifo.count[SinkMetric.DELIVERED] == 2


# --- in time ---


def test_nothing_begins_without_the_time_for_it(world):
    world.send("a", "b")
    world.author.act = lambda _record: world.platform.advance(57_500)
    assert world.handle() == ["b"]
    assert world.author.bodies == ["a"]
    assert world.count == {SinkMetric.DELIVERED: 1, SinkMetric.HANDED_BACK: 1}


def test_what_is_slow_is_given_half_as_much_time_again(world):
    world.send("a", "b", "c", "d", "e")
    world.author.act = lambda _record: world.platform.advance(15_000)
    assert world.handle() == ["d", "e"]


def test_after_a_delivery_that_took_all_the_time_others_begin_all_the_same(world):
    world.send("a")
    world.author.act = lambda _record: world.platform.advance(55_000)
    world.handle()
    world.send("b")
    assert world.handle() == []


def test_a_turn_that_comes_too_late_is_not_waited_for():
    world = World(rate=0.1)
    world.send("a", "b", "c", "d")
    assert world.handle(remaining=25_000) == ["b", "c", "d"]
    assert world.platform.now == world.author.moments[0]


# --- the author's own ways ---


def test_a_coroutine_is_awaited(world):
    async def deliver(record: SinkRecord) -> None:
        raise Permanent(record.body)

    world.sink = Sink()
    world.sink.deliver(deliver)
    world.send("a")
    assert world.handle(worker=world.another()) == []
    assert world.left(world.rejected) == ["a"]


def test_a_wish_to_exit_is_a_failure(world):
    world.send("a", "b")
    world.author.act = raising(SystemExit(1), "a")
    assert world.handle() == ["a"]


def test_the_queue_need_not_hear_of_what_comes_again(world):
    world.send("a")
    world.author.act = raising(RuntimeError("no luck"), "a")
    world.aws.on("ChangeMessageVisibilityBatch", request_lost)
    assert world.handle() == ["a"]
    assert world.hidden() == 360


def test_what_a_batch_measured_is_told():
    world = World(rate=10)
    world.send("a", "b")
    world.author.act = lambda _record: world.platform.advance(30)
    world.handle()
    assert world.metrics.values[SinkMetric.DELIVERY_TIME] == [30, 30]
    assert world.metrics.values[SinkMetric.PACE_WAIT] == [0, 70]
