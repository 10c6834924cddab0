"""Calls: one by one and in bulk, repeated, refused and cut short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.errors import Retryable, Throttled
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams.engine.lanes import Crowd, lanes_of
from cdk_streamer_runtime.streams.faults.policy import Action, Policy
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Entry
from cdk_streamer_runtime.streams.place import NOWHERE
from cdk_streamer_runtime.streams.uow import unit_of_work
from tests.runtime.streams.engine.batches import (
    Trial,
    event,
    failed,
    kinesis,
    pipeline,
    queue,
)
from tests.runtime.streams.engine.journal import error_of
from tests.runtime.streams.engine.platforms import Interleaved

EMPTY = {"batchItemFailures": []}


def throttled():
    return Throttled("ThrottlingException", "", 400, "Write")


class Service:
    """Takes entries, and refuses what its script says, call by call."""

    def __init__(self, *script: Callable[[Sequence[int]], Any], limit: int = 10) -> None:
        self.calls: list[list[int]] = []
        self.clock: list[int] = []
        self._script = list(script)
        self._limit = limit

    def step(self, **options: Any) -> BulkCall:
        defaults: dict[str, Any] = {
            "name": "put",
            "prepare": lambda uow, _: Entry(value=uow.event["n"], size=uow.event.get("size", 1)),
            "send": self.send,
            "count": 10,
            "size": 100,
            "response": "put_response",
        }
        return BulkCall(**{**defaults, **options})

    def send(self, numbers: Sequence[int], world: Any) -> Sequence[Any]:
        self.calls.append(list(numbers))
        self.clock.append(world.platform.clock() - START)
        answer = self._script.pop(0) if self._script else list
        return answer(numbers)


def refusing(*refused: int, error: Callable[[], Exception] = throttled):
    return lambda numbers: [error() if each in refused else "ok" for each in numbers]


def raising(error: Exception):
    def answer(numbers):
        raise error

    return answer


def distinct(count: int):
    return [event(n, key=f"k{n}") for n in range(count)]


# --- as few calls as can be --------------------------------------------------------------------


def test_a_hundred_keys_at_ten_a_call_make_ten_calls():
    service = Service()
    Trial([pipeline(service.step())], parallel=8, window=100).handle(queue(distinct(100)))
    assert [len(call) for call in service.calls] == [10] * 10


def test_calls_are_as_full_when_records_come_in_windows_that_do_not_fit():
    service = Service()
    Trial([pipeline(service.step())], parallel=8, window=7).handle(queue(distinct(100)))
    assert [len(call) for call in service.calls] == [10] * 10


def test_a_hot_key_shares_its_calls_with_others():
    service = Service()
    hot = [event(n, key="hot") for n in range(10)]
    others = [event(n, key=f"k{n}") for n in range(10, 100)]
    Trial([pipeline(service.step())], parallel=8, window=100).handle(queue([*hot, *others]))
    assert len(service.calls) == 10


def test_keys_of_several_entries_make_no_more_calls_than_they_must():
    service = Service()
    events = [event(n, key=f"k{n % 40}") for n in range(120)]
    Trial([pipeline(service.step())], parallel=8, window=120).handle(queue(events))
    assert len(service.calls) == 12


def test_two_pipelines_over_the_same_keys_make_as_few_calls_each():
    first, second = Service(), Service()
    pipelines = [pipeline(first.step(), id="a"), pipeline(second.step(), id="b")]
    Trial(pipelines, parallel=8, window=100).handle(queue(distinct(100)))
    assert (len(first.calls), len(second.calls)) == (10, 10)


def test_an_unordered_call_takes_several_entries_of_a_key():
    service = Service()
    events = [event(n) for n in range(20)]
    Trial([pipeline(service.step(ordered=False))], window=20).handle(queue(events))
    assert [len(call) for call in service.calls] == [10, 10]


def test_a_call_takes_no_more_bytes_than_its_service():
    service = Service()
    events = [event(n, key=f"k{n}", size=40) for n in range(6)]
    Trial([pipeline(service.step())], parallel=1, window=6).handle(queue(events))
    assert [len(call) for call in service.calls] == [2, 2, 2]


def test_an_entry_larger_than_a_call_is_a_fault():
    service = Service()
    trial = Trial([pipeline(service.step())])
    trial.handle(queue([event(0, size=101), event(1)]))
    assert (trial.faulted, service.calls) == ([0], [[1]])
    assert str(trial.published[0].error) == "an entry of 101 bytes cannot be sent, a call takes 100"


def test_what_has_no_entry_passes_on_without_a_call():
    service, seen = Service(), []

    def prepare(uow, _):
        return None if uow.event["n"] == 1 else Entry(value=uow.event["n"], size=1)

    after = Call(
        name="after", send=lambda uow, _: seen.append((uow.event["n"], uow.get("put_response")))
    )
    Trial([pipeline(service.step(prepare=prepare), after)]).handle(queue([event(0), event(1)]))
    assert (service.calls, seen) == ([[0]], [(0, 0), (1, None)])


def test_an_entry_that_cannot_be_made_is_a_fault_of_its_own():
    def prepare(uow, _):
        return Entry(value=1 / uow.event["n"], size=1)

    trial = Trial([pipeline(Service().step(prepare=prepare))])
    assert trial.handle(queue([event(0), event(1)])) == EMPTY
    assert trial.faulted == [0]


def test_what_waited_for_a_full_call_goes_before_what_came_later():
    service = Service()
    Trial([pipeline(service.step(count=4))], window=3).handle(queue(event(n) for n in range(10)))
    assert service.calls == [[n] for n in range(10)]


def test_keys_without_an_entry_are_spread_over_all_lanes():
    units = [unit_of_work({}, each, NOWHERE) for each in distinct(40)]
    entries = [Entry(value=1, size=1) if n < 10 else None for n in range(40)]
    lanes = lanes_of([Crowd(units, entries, most=10, size=100), Crowd(units)], 4)
    calls = [len(part) for lane in lanes for number, part in lane if number == 1]
    assert calls == [10, 10, 10, 10]


def test_a_hot_key_of_an_unordered_call_does_not_fill_one_lane_with_all_others():
    service = Service()
    events = [event(n, key="hot" if n < 20 else f"k{n}") for n in range(80)]
    units = [unit_of_work({}, each, NOWHERE) for each in events]
    step = service.step(ordered=False)
    entries = [Entry(value=1, size=1)] * 80
    lanes = lanes_of([Crowd(units, entries, step.count, step.size, step.ordered)], 4)
    assert [len(part) for lane in lanes for _, part in lane] == [20, 20, 20, 20]


# --- partial failures --------------------------------------------------------------------------


def test_only_the_entries_that_failed_are_repeated():
    service = Service(refusing(1, 2))
    trial = Trial([pipeline(service.step())])
    assert trial.handle(queue(distinct(4))) == EMPTY
    assert service.calls == [[0, 1, 2, 3], [1, 2]]
    assert trial.meter.counts[StreamMetric.RETRIES] == 2


def test_later_entries_of_a_key_wait_for_the_one_that_is_repeated():
    service = Service(refusing(0), refusing(0))
    events = [event(0, "a"), event(1, "b"), event(2, "a")]
    Trial([pipeline(service.step())], parallel=1).handle(queue(events))
    assert service.calls == [[0, 1], [0], [0], [2]]


def test_an_entry_that_is_refused_again_and_again_comes_again():
    service = Service(*[refusing(1)] * 4)
    batch = queue(distinct(3))
    assert failed(batch, Trial([pipeline(service.step())]).handle(batch)) == [1]
    assert service.calls == [[0, 1, 2], [1], [1], [1]]


def test_pauses_are_random_and_double():
    service = Service(*[refusing(0)] * 3)
    Trial([pipeline(service.step())]).handle(queue([event(0)]))
    # The platform's chance is always one half.
    assert service.clock == [0, 50, 150, 350]


def test_an_entry_that_is_wrong_is_a_fault_and_its_neighbors_are_done():
    service = Service(refusing(1, error=lambda: ValueError("no good")))
    trial = Trial([pipeline(service.step())])
    assert trial.handle(queue(distinct(3))) == EMPTY
    assert (trial.faulted, service.calls) == ([1], [[0, 1, 2]])


def test_a_call_that_is_refused_as_a_whole_is_repeated_entry_by_entry():
    wrong = ValueError("one of them is no good")
    service = Service(raising(wrong), list, raising(wrong), list)
    trial = Trial([pipeline(service.step())])
    assert trial.handle(queue(distinct(3))) == EMPTY
    assert service.calls == [[0, 1, 2], [0], [1], [2]]
    assert trial.faulted == [1]


def test_one_entry_of_many_that_spoils_a_call_is_found_by_halves():
    def spoiled(numbers):
        if 37 in numbers:
            raise ValueError("one of them is no good")
        return numbers

    service = Service(*[spoiled] * 99)
    trial = Trial([pipeline(service.step(count=64))], parallel=1, window=64)
    assert trial.handle(queue(distinct(64))) == EMPTY
    assert (trial.faulted, len(service.calls)) == ([37], 13)
    assert sorted(call[0] for call in service.calls if len(call) == 1) == [36, 37]


def test_a_call_that_is_throttled_as_a_whole_is_repeated_as_a_whole():
    service = Service(raising(throttled()))
    assert Trial([pipeline(service.step())]).handle(queue(distinct(3))) == EMPTY
    assert service.calls == [[0, 1, 2], [0, 1, 2]]


def test_answers_that_are_fewer_than_entries_are_nobody_s():
    service = Service(lambda _: [], lambda _: [])
    trial = Trial([pipeline(service.step())])
    trial.handle(queue([event(0)]))
    assert str(trial.published[0].error) == ("`send` has to give 1 answers, one an entry, got 0")


def test_an_answer_is_put_under_its_name():
    seen = []
    after = Call(name="after", send=lambda uow, _: seen.append(uow.put_response))
    Trial([pipeline(Service().step(), after)]).handle(queue([event(7)]))
    assert seen == [7]


# --- single calls ------------------------------------------------------------------------------


class Flaky:
    """Fails so many times for each record."""

    def __init__(self, times: int, error: Callable[[], Exception] = throttled) -> None:
        self.begun: list[tuple[int, int]] = []
        self._times = times
        self._error = error

    def __call__(self, uow, world):
        self.begun.append((uow.event["n"], world.platform.clock() - START))
        if sum(number == uow.event["n"] for number, _ in self.begun) <= self._times:
            raise self._error()
        return uow


def test_a_call_is_repeated_in_place_before_the_next_of_its_key():
    flaky = Flaky(2)
    Trial([pipeline(Call(name="write", send=flaky))]).handle(queue([event(0), event(1)]))
    assert [number for number, _ in flaky.begun] == [0, 0, 0, 1, 1, 1]


def test_a_call_that_fails_too_often_comes_again():
    flaky = Flaky(4)
    batch = queue([event(0)])
    answer = Trial([pipeline(Call(name="write", send=flaky))]).handle(batch)
    assert (failed(batch, answer), len(flaky.begun)) == ([0], 4)


def test_a_call_is_not_repeated_when_a_lower_record_of_the_stream_comes_again_meanwhile():
    platform, begun = Interleaved(1), []

    def send(uow, _):
        begun.append(uow.event["n"])
        if uow.event["n"] == 1:
            raise throttled()
        while 1 not in begun:
            platform.switch()
        raise error_of("redeliver")

    batch = kinesis(distinct(2))
    answer = Trial([pipeline(Call(name="write", send=send))], platform=platform).handle(batch)
    assert (failed(batch, answer), sorted(begun)) == ([0], [0, 1])


def test_the_lowest_record_that_comes_again_counts_also_when_it_fails_last():
    platform, begun = Interleaved(1), []

    def send(uow, _):
        begun.append(uow.event["n"])
        while 2 not in begun:
            platform.switch()
        if uow.event["n"] != 1:
            raise error_of("redeliver")

    batch = kinesis([event(0, key="a"), event(1, key="a"), event(2, key="b")])
    answer = Trial([pipeline(Call(name="write", send=send))], platform=platform).handle(batch)
    assert (failed(batch, answer), sorted(begun)) == ([0], [0, 2])


def test_records_below_one_that_comes_again_go_on_to_their_end():
    ended = []

    def fail(uow, _):
        if uow.event["n"] == 2:
            raise error_of("redeliver")
        return uow

    steps = (
        Call(name="fail", send=fail),
        Call(name="end", send=lambda uow, _: ended.append(uow.event["n"])),
    )
    Trial([pipeline(*steps)]).handle(kinesis(distinct(4)))
    assert sorted(ended) == [0, 1]


def test_an_error_can_say_how_long_to_wait():
    flaky = Flaky(1, lambda: Retryable(after=3))
    Trial([pipeline(Call(name="write", send=flaky))]).handle(queue([event(0)]))
    assert flaky.begun == [(0, 0), (0, 3_050)]


@pytest.mark.parametrize("after", [float("inf"), 10**400, float("nan"), -5, "5"])
def test_an_error_that_asks_for_an_odd_time_keeps_no_other_record_from_its_end(after):
    def send(uow, _):
        if uow.event["n"] == 1:
            raise Retryable(after=after)

    batch = queue(distinct(3))
    assert failed(batch, Trial([pipeline(Call(name="write", send=send))]).handle(batch)) == [1]


def test_an_error_whose_members_raise_errors_is_a_fault_like_others():
    class Odd(Exception):
        @property
        def response(self):
            raise RuntimeError("it was never answered")

        def __str__(self):
            raise RuntimeError("it has no words")

    def send(uow, _):
        raise Odd

    trial = Trial([pipeline(Call(name="write", send=send))])
    assert trial.handle(queue([event(0)])) == {"batchItemFailures": []}
    assert trial.faulted == [0]


def test_an_error_can_ask_not_to_be_repeated_in_place():
    class Open(Retryable):
        repeat_in_place = False

    flaky, batch = Flaky(1, Open), queue([event(0)])
    answer = Trial([pipeline(Call(name="write", send=flaky))]).handle(batch)
    assert (failed(batch, answer), len(flaky.begun)) == ([0], 1)


def test_a_call_is_neither_repeated_nor_waited_for_beyond_the_deadline():
    flaky, batch = Flaky(1, lambda: Retryable(after=9)), queue([event(0)])
    trial = Trial([pipeline(Call(name="write", send=flaky))], time=5_000)
    assert (failed(batch, trial.handle(batch)), len(flaky.begun)) == ([0], 1)
    assert trial.platform.now == START


def test_the_rule_s_policy_comes_before_the_app_s():
    def send(uow, _):
        raise KeyError("x")

    strict = pipeline(
        Call(name="write", send=send), policy=Policy().on(LookupError, Action.REDELIVER)
    )
    batch = queue([event(0)])
    trial = Trial([strict], policy=Policy().on(KeyError, Action.DROP))
    assert failed(batch, trial.handle(batch)) == [0]


def test_what_stops_is_raised_and_nothing_more_is_begun_or_published():
    begun = []

    def send(uow, _):
        begun.append(uow.event["n"])
        raise [ValueError("bad"), MemoryError()][uow.event["n"]]

    trial = Trial([pipeline(Call(name="write", send=send))])
    with pytest.raises(MemoryError):
        trial.handle(kinesis(event(n) for n in range(4)))
    assert (begun, trial.published) == ([0, 1], [])


def test_calls_are_measured_by_their_step():
    def send(uow, world):
        world.platform.sleep(7)

    trial = Trial([pipeline(Call(name="write", send=send))])
    trial.handle(queue(distinct(2)))
    assert trial.meter.times[StreamMetric.STEP_TIME] == [7, 7]


def test_what_a_step_counts_is_of_its_pipeline():
    def send(uow, world):
        world.meter.count(StreamMetric.LOST_RACES, step="write")

    trial = Trial([pipeline(Call(name="write", send=send), id="m1")])
    trial.handle(queue([event(0)]))
    assert trial.meter.by_pipeline[StreamMetric.LOST_RACES, "m1"] == 1
