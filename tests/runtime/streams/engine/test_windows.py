"""Windows: how much is under way at a time, and what becomes of it when time is up."""

from __future__ import annotations

from collections import Counter

import pytest

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams.answers import HandedBack
from cdk_streamer_runtime.streams.engine.deadline import last_call, last_pull, last_wait
from cdk_streamer_runtime.streams.pipelines.gathering import batch_step, group_step
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Each, Entry, Gather, Spread
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis
from cdk_streamer_runtime.streams.uow import merged
from tests.runtime.streams.engine.batches import (
    Trial,
    event,
    failed,
    fifo,
    kinesis,
    number_of,
    pipeline,
    queue,
    topic,
)
from tests.runtime.streams.engine.journal import error_of

EMPTY = {"batchItemFailures": []}


def distinct(count: int):
    return [event(n, key=f"k{n}") for n in range(count)]


class Flow:
    """Counts the records that are pulled and the units that have come to their end."""

    def __init__(self) -> None:
        self.pulled = 0
        self.ended: Counter[str] = Counter()
        self.most = 0

    def source(self, batch, **_):
        for outcome in from_kinesis(batch):
            self.pulled += 1
            yield outcome

    def end(self, name: str) -> Call:
        def send(uow, _):
            self.most = max(self.most, self.pulled - self.ended[name])
            self.ended[name] += 1

        return Call(name="write", send=send)


def test_a_window_is_pulled_when_the_one_before_is_through_in_all_forks():
    flow = Flow()
    pipelines = [
        pipeline(Each(name="map", apply=lambda uow: uow), flow.end(name), id=name) for name in "abc"
    ]
    Trial(pipelines, source=flow.source, window=5).handle(kinesis(distinct(50)))
    assert flow.most == 5


def test_what_a_split_makes_is_through_before_it_makes_more():
    made, most = Counter[str](), []

    def split(uow):
        for part in range(100):
            made["made"] += 1
            yield uow.extend(part=part)

    def send(uow, _):
        most.append(made["made"] - made["sent"])
        made["sent"] += 1

    Trial(
        [pipeline(Spread(name="split", apply=split), Call(name="write", send=send))], window=5
    ).handle(kinesis([event(0)]))
    assert (made["sent"], max(most)) == (100, 5)


def test_what_waits_for_a_full_call_is_less_than_a_call():
    flow, waiting = Flow(), []

    def prepare(uow, _):
        flow.ended["p"] += 1
        waiting.append(flow.ended["p"] - flow.ended["sent"])
        return Entry(value=uow, size=1)

    def send(values, _):
        flow.ended["sent"] += len(values)
        return values

    step = BulkCall(
        name="put", prepare=prepare, send=send, count=10, size=100, response="put_response"
    )
    Trial([pipeline(step)], source=flow.source, window=6).handle(kinesis(distinct(60)))
    assert max(waiting) <= 6 + 9


def test_nothing_is_pulled_any_more_when_a_record_of_a_stream_comes_again():
    def send(uow, _):
        if uow.event["n"] == 7:
            raise error_of("redeliver")

    flow = Flow()
    step = Call(name="write", send=send)
    Trial([pipeline(step)], source=flow.source, window=5).handle(kinesis(distinct(50)))
    assert flow.pulled == 10


# --- gathering ---------------------------------------------------------------------------------


def test_batches_are_made_across_windows():
    sizes = []
    send = Call(name="write", send=lambda uow, _: sizes.append(len(uow.batch)))
    steps = (batch_step(25, None, lambda _: 1), send)
    Trial([pipeline(*steps)], window=10).handle(kinesis(distinct(60)))
    assert sizes == [25, 25, 10]


def test_a_failure_of_what_was_merged_is_one_of_each_of_its_records():
    def send(uow, _):
        raise ValueError("no good")

    trial = Trial([pipeline(batch_step(3, None, lambda _: 1), Call(name="write", send=send))])
    trial.handle(kinesis(distinct(3)))
    assert trial.faulted == [0, 1, 2]
    assert [len(each.within.batch) for each in trial.published if each.within] == [3, 3, 3]


def test_what_was_merged_from_both_sides_of_a_checkpoint_comes_again_whole():
    def send(uow, _):
        if uow.event["n"] == 1:
            raise error_of("redeliver")

    sent = []
    gathered = pipeline(
        group_step(lambda uow: uow.event["n"] % 2),
        Call(name="write", send=lambda uow, _: sent.append(uow.batch)),
        id="gathered",
    )
    batch = kinesis(distinct(4))
    answer = Trial([gathered, pipeline(Call(name="fail", send=send))]).handle(batch)
    assert (failed(batch, answer), sent) == ([0], [])


def test_what_a_gathering_held_when_it_failed_has_met_the_error():
    class Broken:
        def __init__(self):
            self.units = []

        def add(self, uow):
            self.units.append(uow)
            if len(self.units) == 2:
                units, self.units = self.units, []
                return [merged(units)]
            return ()

        def finish(self):
            raise ValueError("cannot finish")

    trial = Trial([pipeline(Gather(name="gather", new=Broken))])
    trial.handle(kinesis(distinct(5)))
    assert [(number_of(each), str(each.error)) for each in trial.published] == [
        (4, "cannot finish")
    ]


def test_a_gathering_is_new_in_each_invocation():
    sizes = []
    send = Call(name="write", send=lambda uow, _: sizes.append(len(uow.batch)))
    trial = Trial([pipeline(group_step(lambda _: 1), send)])
    trial.handle(kinesis(distinct(3)))
    trial.handle(kinesis(distinct(2)))
    assert sizes == [3, 2]


# --- the deadline ------------------------------------------------------------------------------


def slow(milliseconds: int) -> Call:
    return Call(name="write", send=lambda _, world: world.platform.sleep(milliseconds))


def test_pulling_ends_in_time_and_the_rest_of_a_stream_comes_again():
    batch = kinesis(distinct(100))
    trial = Trial([pipeline(slow(100))], window=1, time=5_000)
    # A window is pulled until 1 s before the last call is begun.
    assert failed(batch, trial.handle(batch)) == [40]
    assert trial.meter.counts[StreamMetric.DEADLINES] == 1


def test_pulling_ends_in_time_and_the_rest_of_a_queue_comes_again():
    batch = queue(distinct(50))
    trial = Trial([pipeline(slow(100))], window=1, time=5_000)
    assert failed(batch, trial.handle(batch)) == list(range(40, 50))


def test_the_rest_of_message_groups_comes_again():
    batch = fifo(distinct(50))
    trial = Trial([pipeline(slow(100))], window=1, time=5_000)
    assert failed(batch, trial.handle(batch)) == list(range(40, 50))


def test_what_is_not_begun_when_time_is_up_comes_again():
    batch = queue(distinct(10))
    trial = Trial([pipeline(slow(1_000))], window=10, time=5_000, parallel=1)
    assert failed(batch, trial.handle(batch)) == [5, 6, 7, 8, 9]


def taking(milliseconds: int) -> Call:
    def send(uow, world):
        world.platform.sleep(milliseconds)
        return uow

    return Call(name="read", send=send)


def test_a_round_leaves_time_for_those_that_follow():
    batch = queue(distinct(10))
    trial = Trial([pipeline(taking(1_000), slow(100))], window=10, time=5_000, parallel=1)
    assert failed(batch, trial.handle(batch)) == [3, 4, 5, 6, 7, 8, 9]


def test_a_round_leaves_time_for_other_pipelines_of_its_lane():
    batch = queue(distinct(10))
    pipelines = [pipeline(slow(1_000), id="one"), pipeline(slow(1_000), id="two")]
    trial = Trial(pipelines, window=10, time=5_000, parallel=1)
    assert failed(batch, trial.handle(batch)) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_what_was_gathered_is_flushed_after_the_last_pull():
    sizes = []

    def passing(uow, world):
        world.platform.sleep(100)
        return uow

    steps = (
        Call(name="slow", send=passing),
        group_step(lambda _: 1),
        Call(name="write", send=lambda uow, _: sizes.append(len(uow.batch))),
    )
    batch = queue(distinct(50))
    trial = Trial([pipeline(*steps)], window=1, time=5_000)
    assert failed(batch, trial.handle(batch)) == list(range(25, 50))
    assert sizes == [25]


def test_half_of_the_time_is_kept_for_what_was_gathered():
    # Without it the first record comes again with all others, and so each time.
    batch = queue(distinct(50))
    steps = (taking(100), group_step(lambda uow: uow.event.partition_key), slow(100))
    trial = Trial([pipeline(*steps)], window=1, time=5_000, parallel=1)
    assert failed(batch, trial.handle(batch)) == list(range(25, 50))


def test_half_of_the_time_is_kept_for_a_call_that_waits_until_it_is_full():
    sent = []

    def send(values, world):
        world.platform.sleep(2_000)
        sent.extend(values)
        return values

    write = BulkCall(
        name="write",
        prepare=lambda uow, _: Entry(uow.event.id, 10),
        send=send,
        count=1_000,
        size=1_000_000,
        response="write_response",
    )
    steps = (taking(100), write)
    batch = queue(distinct(50))
    trial = Trial([pipeline(*steps)], window=1, time=5_000)
    assert failed(batch, trial.handle(batch)) == list(range(25, 50))
    assert len(sent) == 25


def test_an_invocation_without_time_hands_all_back():
    batch = queue(distinct(3))
    trial = Trial([pipeline(slow(1))], time=0)
    assert failed(batch, trial.handle(batch)) == [0, 1, 2]


def test_a_split_that_has_no_end_in_time_is_left():
    def split(uow):
        while True:
            yield uow

    batch = queue([event(0)])
    trial = Trial([pipeline(Spread(name="split", apply=split), slow(100))], time=5_000)
    assert failed(batch, trial.handle(batch)) == [0]


def test_a_split_that_has_no_end_is_left_also_where_nothing_is_called():
    platform = MemoryPlatform()

    def split(uow):
        while True:
            platform.advance(1)
            yield uow

    batch = queue([event(0)])
    trial = Trial([pipeline(Spread(name="split", apply=split))], platform=platform, time=5_000)
    assert failed(batch, trial.handle(batch)) == [0]


def test_what_cannot_be_named_fails_the_whole_batch_when_time_is_up():
    with pytest.raises(HandedBack):
        Trial([pipeline(slow(1))], time=0).handle(topic([event(0)]))


def test_a_twentieth_of_the_time_is_kept_for_the_end():
    assert last_call(START, 300_000) == START + 285_000
    assert last_pull(START, START + 285_000) == START + 270_750


def test_a_short_timeout_keeps_a_second_and_a_shorter_one_a_quarter():
    assert last_call(START, 10_000) == START + 9_000
    assert last_call(START, 3_000) == START + 2_250


def test_a_call_under_way_is_given_up_in_time_for_an_answer():
    assert last_wait(1_000, 60_000, last_call(1_000, 60_000)) == 61_000 - 1_500
    assert last_wait(0, 900, last_call(0, 900)) < 900


def test_a_long_timeout_keeps_no_more_than_fifteen_seconds():
    assert last_call(START, 900_000) == START + 885_000


# --- from one invocation to the next -----------------------------------------------------------


def test_faults_of_one_invocation_are_not_published_by_the_next():
    def send(uow, _):
        if uow.event["n"] == 0:
            raise ValueError("no good")
        if uow.event["n"] == 1:
            raise MemoryError

    trial = Trial([pipeline(Call(name="write", send=send))], window=1)
    with pytest.raises(MemoryError):
        trial.handle(kinesis(distinct(2)))
    assert trial.handle(kinesis([event(2)])) == EMPTY
    assert trial.published == []


def test_records_are_resubmitted_to_the_pipelines_that_are_named_alone():
    begun = []

    def noting(name):
        return pipeline(Call(name="write", send=lambda *_: begun.append(name)), id=name)

    Trial([noting("a"), noting("b")]).handle(kinesis([event(0)]), only=frozenset({"b"}))
    assert begun == ["b"]


def test_what_a_pipeline_makes_of_an_event_no_other_sees():
    seen = []
    writing = pipeline(Each(name="map", apply=lambda uow: uow.extend(mark=1)), id="a")
    reading = pipeline(Each(name="map", apply=lambda uow: seen.append(uow.get("mark"))), id="b")
    Trial([writing, reading]).handle(kinesis([event(0)]))
    assert seen == [None]
