"""Functions of users as steps: filter, map, tap, split, requests and what they may give."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.streams.pipelines.emission import emission
from cdk_streamer_runtime.streams.pipelines.filters import accepting, is_latched
from cdk_streamer_runtime.streams.pipelines.functions import (
    filter_step,
    map_step,
    request_step,
    tap_step,
)
from cdk_streamer_runtime.streams.pipelines.splits import split_step, unbatch_step
from cdk_streamer_runtime.streams.uow import merged
from tests.runtime.streams.pipelines.units import numbers, through, unit


def test_a_filter_lets_pass_what_is_true():
    found = through(filter_step(lambda uow: uow.record["number"] % 2), map(unit, range(4)))
    assert [numbers(uow) for uow in found] == [[1], [3]]


def test_a_map_extends_by_names_or_gives_another_one():
    other = unit(9)
    assert through(map_step(lambda _: {"a": 1}), [unit()])[0].a == 1
    assert through(map_step(lambda _: other), [unit()]) == [other]


@pytest.mark.parametrize("result", [None, 7, "text", ["a"]])
def test_a_map_that_gives_nothing_is_an_error_and_no_filter(result):
    def enrich(_: Any) -> Any:
        return result

    with pytest.raises(TypeError, match=r"step 'enrich' must give names .* got"):
        through(map_step(enrich), [unit()])


def test_a_tap_changes_nothing():
    uow, seen = unit(), []
    assert through(tap_step(seen.append), [uow]) == [uow]
    assert seen == [uow]


def test_a_split_gives_a_unit_of_work_for_each_part():
    found = through(split_step(lambda _: ["a", "b"], "part"), [unit()])
    assert [(uow.part, uow.split_number) for uow in found] == [("a", "0"), ("b", "1")]
    assert [numbers(uow) for uow in found] == [[0], [0]]


def test_parts_of_parts_have_numbers_of_both():
    once = through(split_step(lambda _: ["a", ""]), [unit()])
    twice = through(split_step(lambda _: (1, 2)), once)
    assert [uow.split_number for uow in twice] == ["0.0", "0.1", "1.0", "1.1"]


async def later(_: Any) -> bool:
    return False


@pytest.mark.parametrize("made", [filter_step(later), tap_step(later)])
def test_what_nobody_waits_for_is_an_error_and_not_true(made):
    with pytest.raises(TypeError, match="a coroutine was given, for which nobody waits"):
        through(made, [unit()])


def test_a_rule_s_filter_that_nobody_waits_for_is_an_error_and_not_true():
    accepts = accepting(content=later)
    assert accepts is not None
    with pytest.raises(TypeError, match="do what waits"):
        accepts(unit())


@pytest.mark.parametrize("decision", [True, 1, "x", [0], False, 0, "", None, []])
def test_a_filter_may_give_anything_that_is_true_or_not(decision):
    assert through(filter_step(lambda _: decision), [uow := unit()]) == [uow] * bool(decision)


def test_a_part_can_be_a_unit_of_work():
    found = through(split_step(lambda uow: [uow.extend(a=1), uow.extend(a=2)]), [unit()])
    assert [(uow.a, uow.split_number) for uow in found] == [(1, "0"), (2, "1")]


@pytest.mark.parametrize("parts", [None, [], ()])
def test_what_has_no_parts_is_done(parts):
    assert through(split_step(lambda _: parts), [unit()]) == []


@pytest.mark.parametrize("parts", ["text", b"bytes", {"a": 1}, 7])
def test_what_is_no_list_of_parts_is_an_error(parts):
    with pytest.raises(TypeError, match="a split must give parts, in a list, got"):
        through(split_step(lambda _: parts), [unit()])


def test_a_generator_that_fails_midway_gives_no_part():
    def parts(_: Any) -> Any:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        through(split_step(parts), [unit()])


def test_a_batch_becomes_single_ones_again_by_one_level():
    inner = merged([unit(0), unit(1)])
    outer = merged([inner, unit(2)])
    assert through(unbatch_step(), [outer, unit(3)])[0] is inner
    assert [numbers(uow) for uow in through(unbatch_step(), [outer, unit(3)])] == [[0, 1], [2], [3]]


def test_a_request_is_put_where_its_sink_finds_it():
    (found,) = through(request_step("put_request", lambda _: {"Item": {}}), [unit()])
    assert found.put_request == {"Item": {}}


def test_where_there_is_no_request_nothing_is_put():
    uow = unit()
    assert through(request_step("put_request", lambda _: None), [uow]) == [uow]


@pytest.mark.parametrize("before", [unit().extend(put_request=1), merged([unit()])])
def test_where_there_is_no_request_none_of_an_earlier_step_is_sent_again(before):
    (found,) = through(request_step("put_request", lambda _: None), [before])
    assert found.put_request == []


def test_an_event_of_an_earlier_step_is_not_published_again():
    before = unit().extend(publish_request={"id": "x"})
    assert through(emission("c1", lambda _: None), [before])[0].publish_request == []


def test_a_source_without_images_is_not_latched():
    assert not is_latched(unit())
    assert not is_latched(unit(raw="text"))
    assert not is_latched(unit(raw={}))


def test_a_pipeline_that_takes_all_asks_nothing():
    assert accepting() is None


@pytest.mark.parametrize(
    ("content", "latched", "expected"),
    [(True, True, True), (False, True, False), (True, False, False), (0, False, False)],
)
def test_content_and_latch_are_asked_together(content, latched, expected):
    accepts = accepting(content=lambda _: content, latched=latched)
    assert accepts is not None
    assert accepts(unit(raw={"new": {"latched": True}})) is expected
