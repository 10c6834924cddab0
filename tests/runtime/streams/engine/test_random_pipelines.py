"""Whatever the pipelines are and wherever they fail, each record is answered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.streams.engine.insistence import Insistence
from cdk_streamer_runtime.streams.faults.policy import Action, Policy
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from tests.runtime.streams.engine.batches import (
    Making,
    Trial,
    event,
    failed,
    fifo,
    kinesis,
    pipeline,
    queue,
)
from tests.runtime.streams.engine.journal import ERRORS, Journal, Rotten, Trouble
from tests.runtime.streams.engine.platforms import Interleaved

KINDS = ("each", "spread", "batch", "group", "call", "ordered", "unordered")
RECORDS = 10

shapes = st.lists(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 4)), max_size=3),
    min_size=1,
    max_size=2,
)
troubles = st.dictionaries(
    st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, RECORDS - 1)),
    st.builds(Trouble, st.sampled_from(sorted(ERRORS)), st.sampled_from((1, 3, 1_000))),
    max_size=8,
)
cases = st.fixed_dictionaries(
    {
        "shapes": shapes,
        "troubles": troubles,
        "keys": st.lists(st.sampled_from("abcd"), min_size=1, max_size=RECORDS),
        "seed": st.integers(0, 1_000),
        "parallel": st.integers(1, 4),
        "window": st.integers(1, 6),
    }
)
some = settings(max_examples=40, deadline=None)


@dataclass
class Played:
    """A case that was played, and what there is to say about it."""

    making: Making
    shapes: list[list[tuple[str, int]]]
    troubles: dict[tuple[int, int, int], Trouble]
    keys: list[str]
    seed: int
    parallel: int
    window: int

    def __post_init__(self) -> None:
        platform = Interleaved(self.seed)
        self.journal = Journal(
            troubles={(f"p{p}", f"s{s}", n): each for (p, s, n), each in self.troubles.items()},
            switch=platform.switch,
            keys=self.keys,
        )
        self.pipelines = [self._pipeline(number, shape) for number, shape in enumerate(self.shapes)]
        self.batch = self.making(event(number, key) for number, key in enumerate(self.keys))
        self.trial = Trial(
            self.pipelines,
            platform=platform,
            policy=Policy().on(Rotten, Action.DROP),
            parallel=self.parallel,
            window=self.window,
        )
        self.answered = failed(self.batch, self.trial.handle(self.batch))

    def _pipeline(self, number: int, shape: list[tuple[str, int]]) -> Pipeline:
        name = f"p{number}"
        steps = [
            self.journal.step(name, f"s{at}", kind, count) for at, (kind, count) in enumerate(shape)
        ]
        return pipeline(*steps, self.journal.step(name, "end", "call", 1), id=name)

    @cached_property
    def fates(self) -> list[tuple[int, str, str, tuple[int, ...]]]:
        return self.journal.fates(Insistence().attempts)

    def having(self, *actions: str) -> set[int]:
        """Give the records that have met one of these."""
        return {leaf for _, action, _, unit in self.fates if action in actions for leaf in unit}

    @property
    def returned(self) -> set[int]:
        """Give the records that come again."""
        if self.making is kinesis and self.answered:
            return set(range(self.answered[0], len(self.keys)))
        return set(self.answered)

    def unfinished(self) -> dict[str, dict[int, int]]:
        """Give the records that nothing has happened to and that are not through all the same."""
        fine = set(range(len(self.keys))) - self.returned - self.having("fault", "drop")
        missing: dict[str, dict[int, int]] = {}
        for number, shape in enumerate(self.shapes):
            copies = prod(count for kind, count in shape if kind == "spread")
            passed = self.journal.passed(f"p{number}", "end")
            short = {n: passed[n] for n in fine if passed[n] != copies}
            missing |= {f"p{number}": short} if short else {}
        return missing

    def in_order(self) -> list[Any]:
        """Give what was begun out of the order of its key."""
        return [
            (f"p{number}", f"s{at}", disorder)
            for number, shape in enumerate(self.shapes)
            if not {"batch", "group", "unordered"} & {kind for kind, _ in shape}
            for at, (kind, _) in enumerate([*shape, ("call", 1)])
            if kind in {"call", "ordered"}
            if (disorder := self.journal.disorder(f"p{number}", f"s{at}"))
        ]

    def begun_too_high(self) -> list[tuple[int, int]]:
        """Give the calls of records above one of its group that was to come again by then."""
        limits: dict[str, tuple[int, int]] = {}
        wrong: list[tuple[int, int]] = []
        fates = {(line, unit): action for line, action, _, unit in self.fates}
        for number, line in enumerate(self.journal.lines):
            for unit in line.units:
                groups = [(self._group(leaf), leaf) for leaf in unit]
                if line.what == "begin":
                    wrong += [
                        (leaf, limits[group][0])
                        for group, leaf in groups
                        if group in limits and leaf > limits[group][0]
                    ]
                if fates.get((number, unit)) in {"retry", "redeliver"}:
                    for group, leaf in groups:
                        lowest = min(leaf, limits.get(group, (leaf, 0))[0])
                        limits[group] = (lowest, number)
        return wrong

    def _group(self, leaf: int) -> str:
        return "" if self.making is kinesis else self.keys[leaf]


@some
@given(cases)
def test_a_message_comes_again_exactly_when_one_of_its_branches_has_to(case):
    played = Played(queue, **case)
    assert played.returned == played.having("retry", "redeliver")


@some
@given(cases)
def test_a_message_becomes_a_fault_exactly_when_one_of_its_branches_has_to_and_none_comes_again(
    case,
):
    played = Played(queue, **case)
    assert set(played.trial.faulted) == played.having("fault") - played.returned


@some
@given(cases)
def test_what_is_neither_comes_through_all_pipelines(case):
    played = Played(queue, **case)
    assert played.unfinished() == {}


@some
@given(cases)
def test_of_a_stream_the_lowest_record_that_has_to_come_again_is_answered(case):
    played = Played(kinesis, **case)
    below = played.having("retry", "redeliver")
    assert played.answered == ([min(played.returned)] if below else [])
    assert not below or min(below) >= min(played.returned)


@some
@given(cases)
def test_below_the_checkpoint_of_a_stream_all_is_done_or_a_fault(case):
    played = Played(kinesis, **case)
    assert set(played.trial.faulted) == played.having("fault") - played.returned
    assert played.unfinished() == {}


@some
@given(cases)
def test_nothing_above_a_record_of_a_stream_that_comes_again_is_begun(case):
    played = Played(kinesis, **case)
    assert played.begun_too_high() == []


@some
@given(cases)
def test_of_a_message_group_all_after_one_that_comes_again_come_again_and_are_not_begun(case):
    played = Played(fifo, **case)
    first = {played.keys[n]: n for n in sorted(played.having("retry", "redeliver"), reverse=True)}
    after = {n for n, key in enumerate(played.keys) if n >= first.get(key, len(played.keys))}
    assert played.returned >= after
    assert played.begun_too_high() == []
    assert played.unfinished() == {}


@some
@given(cases, st.sampled_from([kinesis, queue, fifo]))
def test_calls_of_a_key_never_overlap_and_keep_their_order(case, making):
    played = Played(making, **case)
    assert played.journal.overlaps == []
    assert played.in_order() == []


@some
@given(cases)
def test_there_are_never_more_calls_at_once_than_lanes(case):
    played = Played(queue, **case)
    assert played.journal.most_calls <= case["parallel"]


@some
@given(cases)
def test_no_ordered_call_has_two_entries_of_a_key(case):
    played = Played(queue, **case)
    kinds = {
        (f"p{p}", f"s{s}"): kind
        for p, shape in enumerate(case["shapes"])
        for s, (kind, _) in enumerate(shape)
    }
    doubled = [
        line
        for line in played.journal.lines
        if line.what == "begin" and kinds.get((line.pipeline, line.step)) == "ordered"
        for keys in [[{played.keys[leaf] for leaf in unit} for unit in line.units]]
        if sum(map(len, keys)) > len(set[str]().union(*keys))
    ]
    assert doubled == []
