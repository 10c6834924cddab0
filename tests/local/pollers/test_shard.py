"""Lanes of a shard, and what holds for every shard whatever its function does."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings as examples, strategies as st

from cdk_streamer_local.pollers.answer import Answer, NotInvoked, Raised, Responded
from cdk_streamer_local.pollers.lane import Discard, Invoke, Wait
from cdk_streamer_local.pollers.record import Record
from cdk_streamer_local.pollers.settings import Settings
from cdk_streamer_local.pollers.shard import Shard, lane_of

PATIENCE = 2_000  # moves; far more than any run below needs


def record(sequence, key="k", arrived=0.0):
    return Record(sequence=str(sequence), key=key, arrived=arrived)


def shard(*records, **settings):
    return Shard.of(Settings(**settings)).took(records, 0.0)


def test_records_of_one_key_share_a_lane():
    lanes = shard(*(record(number) for number in range(20)), lanes=10).lanes

    assert sorted(lane.length for lane in lanes) == [0] * 9 + [20]


def test_records_of_other_keys_use_other_lanes():
    lanes = shard(*(record(number, key=f"k{number}") for number in range(100)), lanes=4).lanes

    assert all(lane.length for lane in lanes)


def test_a_key_has_the_same_lane_in_every_run():
    assert lane_of("a customer", 10) == 9


def test_the_checkpoint_of_a_shard_is_that_of_its_slowest_lane():
    several = shard(record(1, "a"), record(2, "b"), lanes=10)
    at = lane_of("a", 10)
    move = several.lanes[at].next(0.0)
    assert isinstance(move, Invoke)

    done = several.with_lane(at, move.lane.answered(Responded(), 0.0).lane)

    assert (several.checkpoint, done.checkpoint) == ("1", "2")


def test_a_shard_tells_when_the_oldest_record_came_that_is_not_done():
    several = shard(record(1, "a", arrived=7.0), record(2, "b", arrived=3.0), lanes=10)

    assert (several.oldest, shard().oldest) == (3.0, None)


def test_a_shard_tells_how_often_its_worst_batch_has_failed():
    several = shard(record(1))
    move = several.lanes[0].next(0.0)
    assert isinstance(move, Invoke)

    failed = several.with_lane(0, move.lane.answered(Raised(), 0.0).lane)

    assert (several.attempts, failed.attempts) == (0, 1)


def test_other_settings_hold_for_records_that_are_there():
    changed = shard(record(1), record(2)).configured(Settings(batch_size=1))

    move = changed.lanes[0].next(0.0)
    assert isinstance(move, Invoke)
    assert move.batch.sequences == ("1",)


def test_lanes_keep_their_number_while_records_are_under_way():
    assert len(shard(record(1)).configured(Settings(lanes=5)).lanes) == 1


def test_an_idle_shard_gets_as_many_lanes_as_it_should_have():
    assert len(shard().configured(Settings(lanes=5)).lanes) == 5


# --- whatever the function does


def numbers(batch):
    return tuple(map(int, batch.sequences))


@dataclass
class Run:
    """A shard that is driven to its end by a function that answers as it is told."""

    settings: Settings
    keys: list[str]
    answer: object
    now: float = 0.0
    sent: list[tuple[int, ...]] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    discarded: list[int] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)

    def __post_init__(self):
        records = [record(number, key) for number, key in enumerate(self.keys)]
        self.shard = Shard.of(self.settings).took(tuple(records), 0.0)
        for _ in range(PATIENCE):
            if self.shard.checkpoint is None:
                return
            self.step()
        raise AssertionError(f"it goes on after {PATIENCE} moves")

    def step(self):
        self.checkpoints.append(int(self.shard.checkpoint))  # pyright: ignore[reportArgumentType] - then it fails
        waits = [self.move(at) for at in range(len(self.shard.lanes))]
        if None not in waits:
            self.now = max(self.now, min(waits)) + 0.001  # pyright: ignore[reportArgumentType] - then it fails

    def move(self, at):
        """Make one move of a lane; gives until when it waits."""
        match self.shard.lanes[at].next(self.now):
            case Wait(until=until):
                return float("inf") if until is None else until
            case Discard(lane=lane, discarded=discarded):
                self.discarded += numbers(discarded.batch)
            case Invoke(lane=invoked, batch=batch):
                self.sent.append(numbers(batch))
                answer = self.answer(numbers(batch))  # pyright: ignore[reportCallIssue] - then it fails
                settled = invoked.answered(answer, self.now)
                lane = settled.lane
                given_up = numbers(settled.discarded.batch) if settled.discarded else ()
                self.discarded += given_up
                kept = {n for b in lane.pending for n in numbers(b)} | set(given_up)
                self.done |= set(numbers(batch)) - kept
        self.shard = self.shard.with_lane(at, lane)  # pyright: ignore[reportPossiblyUnboundVariable] - then it fails
        return None


SETTINGS = st.builds(
    Settings,
    batch_size=st.integers(1, 8),
    window_seconds=st.sampled_from([0.0, 3.0]),
    lanes=st.integers(1, 3),
    bisect=st.booleans(),
    partial=st.booleans(),
    retries=st.integers(0, 3),
    age_seconds=st.none() | st.just(60),
)
KEYS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=16)


def answers(draw_from: st.DataObject):
    def answer(sequences: tuple[int, ...]) -> Answer:
        one_of = st.sampled_from(sequences)
        return draw_from.draw(
            st.just(Responded())
            | st.just(Raised())
            | st.just(NotInvoked())
            | st.lists(one_of, max_size=3).map(failures)
        )

    return answer


def failures(sequences):
    named = [{"itemIdentifier": str(number)} for number in sequences]
    return Responded(response={"batchItemFailures": named})


@examples(max_examples=60, deadline=None)
@given(SETTINGS, KEYS, st.data())
def test_every_record_is_done_or_given_up_and_no_record_is_both(settings, keys, data):
    run = Run(settings, keys, answers(data))

    assert run.done | set(run.discarded) == set(range(len(keys)))
    assert not run.done & set(run.discarded)
    assert len(run.discarded) == len(set(run.discarded))


@examples(max_examples=60, deadline=None)
@given(SETTINGS, KEYS, st.data())
def test_records_of_a_key_are_first_sent_in_their_order(settings, keys, data):
    run = Run(settings, keys, answers(data))

    first_sent = list(dict.fromkeys(number for batch in run.sent for number in batch))
    by_key = {key: [n for n in first_sent if keys[n] == key] for key in keys}
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


@examples(max_examples=60, deadline=None)
@given(SETTINGS, KEYS, st.data())
def test_no_record_is_sent_again_after_a_later_one_of_its_key_was_done(settings, keys, data):
    seen: dict[str, int] = {}

    def answer(sequences):
        assert all(seen.get(keys[number], -1) < number for number in sequences)
        said = answers(data)(sequences)
        if said == Responded():
            seen.update({keys[number]: number for number in sequences})
        return said

    Run(settings, keys, answer)


@examples(max_examples=60, deadline=None)
@given(SETTINGS, KEYS, st.data())
def test_the_checkpoint_never_goes_back(settings, keys, data):
    run = Run(settings, keys, answers(data))

    assert run.checkpoints == sorted(run.checkpoints)


@examples(max_examples=60, deadline=None)
@given(
    st.builds(Settings, batch_size=st.integers(1, 16), bisect=st.sampled_from([True]),
              partial=st.booleans(), lanes=st.integers(1, 3), retries=st.integers(0, 2)),
    KEYS, st.data(),
)  # fmt: skip
def test_with_bisecting_healthy_records_survive_a_poison_one(settings, keys, data):
    poison = data.draw(st.integers(0, len(keys) - 1))
    honest = data.draw(st.booleans())

    def answer(sequences):
        if poison not in sequences:
            return Responded()
        return failures([poison]) if honest and settings.partial else Raised()

    run = Run(settings, keys, answer)

    assert run.discarded == [poison]


@examples(max_examples=60, deadline=None)
@given(KEYS, st.integers(0, 3))
def test_bisecting_ends_even_if_every_record_is_poison(keys, retries):
    run = Run(Settings(bisect=True, retries=retries), keys, lambda _: Raised())

    assert sorted(run.discarded) == list(range(len(keys)))
    assert len(run.sent) == len(keys) * (retries + 1) + len(keys) - 1
