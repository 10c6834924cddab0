"""How a sink stands: whatever happens to it, in whatever order, it is tried again and closes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cdk_streamer_runtime.breaker import Breaker, CircuitState
from cdk_streamer_runtime.contract.sinks import BreakerEnvironment
from cdk_streamer_runtime.sinks.standing import Standing, breaker_of

SECOND, MINUTE = 1_000, 60_000
BREAKER = Breaker(
    failures=3,
    share=0.5,
    window=60 * SECOND,
    pause=30 * SECOND,
    longest_pause=10 * MINUTE,
    trials=1,
    trial_time=90 * SECOND,
    calm=10 * MINUTE,
    streaks=True,
)
ENVIRONMENT = BreakerEnvironment(sink_name="s", table_name="t", queue_url="q", breaker_failures=3)
NOW = 1_700_000_000_000


def opened(now: int = NOW) -> Standing:
    standing = Standing()
    for _ in range(BREAKER.failures):
        standing = standing.failed(BREAKER, now, 1)
    return standing


def trying(standing: Standing, trial: str = "mine") -> Standing:
    after = standing.trying(BREAKER, standing.circuit.until, trial)
    assert after is not None
    return after


def test_the_breaker_is_as_the_construct_says():
    assert breaker_of(ENVIRONMENT) == BREAKER
    assert breaker_of(replace(ENVIRONMENT, breaker_failures=None)) is None


def test_what_an_operator_has_written_by_hand_is_taken_as_it_is():
    assert Standing.read({"state": "closed"}).is_off is False
    assert Standing.read({"state": "open"}).trying(BREAKER, NOW, "mine") is not None
    assert Standing.read({"held": True}).is_off is True
    assert Standing.read(None) == Standing()


def test_a_trial_that_passes_leaves_nothing_but_the_memory_of_it():
    standing = trying(opened()).passed(BREAKER, NOW + MINUTE)
    assert (standing.is_closed, standing.trial, standing.opened_at) == (True, "", 0)
    assert standing.circuit.openings == 1


def test_soon_after_it_was_closed_two_failures_open_it_for_longer():
    standing = trying(opened()).passed(BREAKER, NOW)
    standing = standing.failed(BREAKER, NOW, 1)
    assert standing.is_closed
    standing = standing.failed(BREAKER, NOW, 1)
    assert standing.circuit.until == NOW + MINUTE


def test_when_it_was_well_for_long_all_is_forgotten():
    standing = trying(opened()).passed(BREAKER, NOW)
    later = NOW + BREAKER.calm
    for _ in range(2):
        standing = standing.failed(BREAKER, later, 1)
    assert standing.is_closed
    assert standing.failed(BREAKER, later, 1).circuit.until == later + BREAKER.pause


def test_since_when_it_is_open_is_kept_through_trials():
    standing = trying(opened()).refused(BREAKER, NOW + MINUTE)
    assert standing.opened_at == NOW


def test_a_trial_that_could_not_be_made_makes_the_pause_no_longer():
    standing = trying(opened()).untried(BREAKER, NOW + MINUTE)
    assert (standing.circuit.openings, standing.circuit.until) == (1, NOW + 90 * SECOND)
    for _ in range(7):
        standing = trying(standing).refused(BREAKER, NOW)
    # Nothing is known then, so that it is looked at again within a minute.
    assert trying(standing).untried(BREAKER, NOW).circuit.until == NOW + MINUTE


def test_a_trial_that_failed_counts_those_that_say_nothing_from_the_beginning():
    standing = trying(opened())
    for _ in range(4):
        standing = trying(standing.undecided(BREAKER, NOW))
    standing = trying(standing.refused(BREAKER, NOW))
    assert standing.undecided(BREAKER, NOW).unknown == 1


class Sinks(RuleBasedStateMachine):
    """Workers, controllers and operators do what they do, in any order, with clocks that differ."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.standing = Standing()
        self.trials = 0
        self.latest = 0

    def change(self, after: Standing | None) -> None:
        """Store it as the table does: over the version that it was made of."""
        if after is None or after is self.standing:
            return
        assert after.version == self.standing.version + 1
        assert Standing.read(after.row()) == after
        self.standing = after

    @rule(
        passed=st.sampled_from([0, 1, SECOND, 30 * SECOND, 2 * MINUTE, 20 * MINUTE]),
        skew=st.integers(-2_000, 2_000),
    )
    def pass_time(self, passed: int, skew: int) -> None:
        """Let time pass; whoever comes next may have another clock."""
        self.latest = max(self.latest, self.now) + passed
        self.now = self.latest + skew

    @rule(calls=st.integers(1, 20))
    def fail(self, calls: int) -> None:
        """Let a delivery fail."""
        was_open = not self.standing.is_closed
        after = self.standing.failed(BREAKER, self.now, calls)
        assert not was_open or after is self.standing
        self.change(after)

    @precondition(lambda self: self.standing.is_waiting)
    @rule()
    def try_it(self) -> None:
        """Let a controller begin a trial, if one is due."""
        before = self.standing
        after = before.trying(BREAKER, self.now, f"trial {self.trials}")
        assert (after is None) == (self.now < before.circuit.until)
        if after is not None:
            self.trials += 1
            assert after.trial == f"trial {self.trials - 1}"
            assert after.circuit.until == self.now + 90 * SECOND
        self.change(after)

    @precondition(lambda self: self.standing.circuit.state is CircuitState.HALF_OPEN)
    @rule(what=st.sampled_from(["passed", "refused", "undecided", "untried"]))
    def conclude(self, what: str) -> None:
        """Let the trial end."""
        before = self.standing
        after = getattr(before, what)(BREAKER, self.now)
        pause = after.circuit.until - self.now
        if what == "refused":
            assert after.circuit.openings == before.circuit.openings + 1
            assert BREAKER.pause <= pause <= BREAKER.longest_pause
        if what in {"undecided", "untried"} and not after.is_closed:
            assert after.circuit.openings == before.circuit.openings
            assert pause <= MINUTE
        assert after.held == before.held
        self.change(after)

    @rule()
    def hold(self) -> None:
        """Let an operator pause it."""
        before = self.standing.circuit
        self.change(self.standing.on_hold(self.now))
        assert replace(self.standing.circuit, version=before.version) == before

    @rule()
    def resume(self) -> None:
        """Let an operator resume it: it is tried, and never closed blindly."""
        was = self.standing.circuit.state
        self.change(self.standing.resumed(self.now))
        assert self.standing.circuit.state is was
        if was is CircuitState.OPEN:
            assert self.standing.trying(BREAKER, self.now, "any") is not None

    @invariant()
    def it_is_whole(self) -> None:
        """Say what holds at any moment."""
        standing = self.standing
        is_tried = standing.circuit.state is CircuitState.HALF_OPEN
        assert bool(standing.trial) == is_tried
        assert (standing.opened_at == 0) == standing.is_closed
        assert standing.is_off == (standing.held or not standing.is_closed)
        assert 0 <= standing.unknown < 5
        assert standing.is_closed or standing.circuit.openings >= 1
        assert standing.circuit.trials == 0

    def teardown(self) -> None:
        """Let it be resumed, and be tried with success: then it delivers."""
        standing = self.standing.resumed(self.now)
        if standing.is_closed:
            return
        now = standing.circuit.until
        assert now - self.now <= BREAKER.longest_pause + 2 * MINUTE
        after = standing.trying(BREAKER, now, "last")
        assert after is not None
        assert after.passed(BREAKER, now).is_off is False


TestSinks = Sinks.TestCase
TestSinks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
