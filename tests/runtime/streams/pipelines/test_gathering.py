"""Compact, group and batch: against what is meant, with every record accounted for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.streams.pipelines.compaction import Compact, by_partition_key
from cdk_streamer_runtime.streams.pipelines.gathering import batch_step, group_step
from cdk_streamer_runtime.streams.sinks.requests import wanted
from cdk_streamer_runtime.streams.uow import places_of
from tests.runtime.streams.pipelines.units import numbers, through, unit

few = settings(max_examples=60, deadline=None)
units = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=12).map(
    lambda pairs: [unit(number, key, time) for number, (key, time) in enumerate(pairs)]
)


def by_key(several: list[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for uow in several:
        groups.setdefault(uow.event.partition_key, []).append(uow)
    return groups


@few
@given(units)
def test_the_last_of_each_group_goes_on_with_all_of_them(several):
    found = through(Compact().step(), several)
    expected = [
        sorted(group, key=lambda uow: uow.event.timestamp) for group in by_key(several).values()
    ]
    assert [list(uow.batch) for uow in found] == expected
    assert [uow.event for uow in found] == [group[-1].event for group in expected]


@few
@given(units)
def test_a_group_has_all_of_a_key_as_they_came(several):
    found = through(group_step(by_partition_key), several)
    assert {uow.key: list(uow.batch) for uow in found} == by_key(several)
    assert [uow.key for uow in found] == list(by_key(several))


@few
@given(units, st.integers(1, 5), st.none() | st.integers(1, 9))
def test_a_batch_is_as_large_as_it_may_be(several, count, size):
    def size_of(uow: Any) -> int:
        return uow.event.timestamp

    found = [list(uow.batch) for uow in through(batch_step(count, size, size_of), several)]

    expected: list[list[Any]] = []
    for uow in several:
        last = expected[-1] if expected else None
        fits = last is not None and len(last) < count
        if size is not None and last is not None:
            fits = fits and sum(map(size_of, last)) < size
            fits = fits and sum(map(size_of, [*last, uow])) <= size
        if last is not None and fits:
            last.append(uow)
        else:
            expected.append([uow])
    assert found == expected


@pytest.mark.parametrize("step", [batch_step(3), group_step(lambda _: "all")])
def test_the_requests_of_those_that_were_gathered_are_all_sent(step):
    several = [unit(n, "k", n).extend(put_request=n, row=n) for n in range(3)]
    (found,) = through(step, several)
    assert [each.request for each in wanted(found, "put_request")] == [0, 1, 2]
    assert found.row == 2


def test_of_those_that_were_compacted_the_last_request_is_sent():
    several = [unit(n, "k", n).extend(put_request=n) for n in range(3)]
    (found,) = through(Compact().step(), several)
    assert [each.request for each in wanted(found, "put_request")] == [2]


@few
@given(units, st.integers(1, 4))
def test_no_record_is_lost_or_doubled_however_steps_gather(several, count):
    steps = [
        Compact().step(),
        group_step(lambda uow: uow.event.timestamp),
        batch_step(count, None, lambda _: 0),
    ]
    found = several
    for step in steps:
        found = through(step, found)
    stood_for = sorted(number for uow in found for number in numbers(uow))
    assert stood_for == list(range(len(several)))
    assert len({place for uow in found for place in places_of(uow)}) == len(several)


def test_what_the_last_one_knows_goes_on():
    several = [unit(0).extend(a=1, b=1), unit(1).extend(a=2)]
    (found,) = through(Compact().step(), several)
    assert (found.a, found.get("b")) == (2, None)


def test_of_events_of_the_same_time_the_last_to_come_counts():
    (found,) = through(Compact().step(), [unit(0), unit(1)])
    assert found.event.id == "e1"


def test_what_cannot_be_compared_fails_by_itself_and_leaves_the_others():
    gathering = Compact(sort=lambda uow: uow.event["rank"]).step().new()
    gathering.add(unit(0, rank=1))
    with pytest.raises(TypeError):
        gathering.add(unit(1, rank="text"))
    with pytest.raises(KeyError):
        gathering.add(unit(2))
    gathering.add(unit(3, rank=0))
    assert [numbers(uow) for uow in gathering.finish()] == [[3, 0]]


def test_one_that_cannot_be_grouped_fails_by_itself_and_leaves_the_others():
    gathering = group_step(lambda uow: uow.event["group"]).new()
    gathering.add(unit(0, group="a"))
    with pytest.raises(TypeError, match="unhashable"):
        gathering.add(unit(1, group=["a"]))
    assert [numbers(uow) for uow in gathering.finish()] == [[0]]


def test_invocations_do_not_share_what_they_gather():
    step = batch_step(2, None, lambda _: 0)
    one, other = step.new(), step.new()
    assert list(one.add(unit(0))) == []
    assert list(other.add(unit(1))) == []
    assert [numbers(uow) for uow in one.finish()] == [[0]]
    assert list(one.finish()) == []
