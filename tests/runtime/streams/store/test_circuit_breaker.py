"""Circuit breakers: a downstream that is not well is left alone, and tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.breaker import (
    Breaker,
    Circuit,
    CircuitState,
    admitted,
    failed,
    succeeded,
)
from cdk_streamer_runtime.errors import Retryable, Throttled
from cdk_streamer_runtime.streams import rules
from cdk_streamer_runtime.streams.sources.kinesis import to_kinesis_records
from cdk_streamer_runtime.streams.store.circuits import Downstream as Client, Guard
from tests.runtime.streams.store.shop import Shop, event

BREAKER = Breaker(failures=3, share=0.5, window=1_000, pause=100, longest_pause=350, trials=2)
SECOND = 1_000


class Downstream:
    """Somebody who is called, and who is well or not."""

    def __init__(self) -> None:
        self.error: Exception | None = Retryable("down")
        self.calls = 0

    def __call__(self, _uow) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error


def shop(downstream: Downstream, **options: Any) -> Shop:
    given: dict[str, Any] = {"failures": 3, "pause": timedelta(seconds=30), **options}
    rule = rules.CircuitBreaker(
        id="crm", event_type="*", build=lambda stream: stream.call(downstream), **given
    )
    return Shop(collect=[rule])


def hand(it: Shop, count: int = 1) -> int:
    """Hand over events of so many keys; give how many came back."""
    events = [event(f"e{n}", "order-paid", n, partitionKey=str(n)) for n in range(count)]
    batch = to_kinesis_records(events)
    failures = it.listener.handle(batch, it.world)["batchItemFailures"]
    if not failures:
        return 0
    sequences = [record["kinesis"]["sequenceNumber"] for record in batch["Records"]]
    return count - sequences.index(failures[0]["itemIdentifier"])


def circuit(it: Shop) -> dict[str, Any]:
    (row,) = it.rows("CIRCUIT")
    return row


# --- the rule ---------------------------------------------------------------------------------


def test_a_downstream_that_is_well_costs_one_read_an_invocation():
    downstream = Downstream()
    downstream.error = None
    it = shop(downstream)
    assert hand(it, 10) == 0
    assert (downstream.calls, [name for name, _ in it.aws.asked]) == (10, ["GetItem"])


def test_too_many_failures_open_the_circuit_and_records_are_handed_back_untried():
    downstream = Downstream()
    it = shop(downstream)
    assert (hand(it), downstream.calls, circuit(it)["state"]) == (1, 3, "open")
    assert it.meter.counts["CircuitOpenings"] == 1
    assert (hand(it, 5), downstream.calls) == (5, 3)
    assert it.meter.counts["CallsRefused"] >= 1
    assert it.published == []  # no fault


def test_what_is_known_of_a_downstream_outlives_the_invocation_and_is_shared():
    downstream = Downstream()
    it = shop(downstream)
    hand(it)
    other = shop(downstream)
    other.aws, other.platform = it.aws, it.platform
    assert (hand(other), downstream.calls) == (1, 3)


def test_an_operator_can_close_the_circuit_by_its_state_alone():
    downstream = Downstream()
    it = shop(downstream)
    hand(it)
    it.put(pk=circuit(it)["pk"], sk="CIRCUIT", discriminator="CIRCUIT", state="closed")
    downstream.error = None
    assert (hand(it, 5), it.published) == (0, [])
    downstream.error = Retryable("down")
    it.platform.advance(2 * SECOND)
    assert (hand(it), circuit(it)["state"]) == (1, "open")


def test_after_the_pause_a_trial_closes_the_circuit_of_a_downstream_that_is_well_again():
    downstream = Downstream()
    it = shop(downstream)
    hand(it)
    it.platform.advance(30 * SECOND)
    downstream.error = None
    assert (hand(it, 5), circuit(it)["state"]) == (0, "closed")
    assert downstream.calls == 8


def test_a_trial_that_fails_opens_the_circuit_for_twice_as_long():
    downstream = Downstream()
    it = shop(downstream)
    hand(it)
    it.platform.advance(30 * SECOND)
    assert (hand(it, 5), downstream.calls, circuit(it)["openings"]) == (5, 4, 2)
    it.platform.advance(30 * SECOND)
    assert (hand(it), downstream.calls) == (1, 4)
    it.platform.advance(30 * SECOND)
    assert (hand(it), downstream.calls) == (1, 5)


def test_a_call_that_is_wrong_says_nothing_against_the_downstream():
    downstream = Downstream()
    downstream.error = ValueError("no such customer")
    it = shop(downstream)
    assert (hand(it, 10), downstream.calls, it.rows("CIRCUIT")) == (0, 10, [])


def test_which_errors_count_can_be_told():
    downstream = Downstream()
    downstream.error = ValueError("no such customer")
    it = shop(downstream, is_failure=lambda error: isinstance(error, ValueError))
    hand(it, 10)
    assert (downstream.calls, circuit(it)["state"]) == (3, "open")


def test_only_the_steps_that_are_named_are_guarded():
    downstream, other = Downstream(), Downstream()
    other.error = None

    def look(uow) -> None:
        other(uow)

    def ask(uow) -> None:
        downstream(uow)

    it = Shop(
        collect=[
            rules.CircuitBreaker(
                id="crm",
                event_type="*",
                build=lambda stream: stream.call(look).call(ask),
                guards=("ask",),
                failures=3,
            )
        ]
    )
    hand(it)
    hand(it)
    assert (downstream.calls, other.calls) == (3, 2)


def test_entries_of_a_bulk_call_that_are_put_off_count_as_a_failure():
    rule = rules.CircuitBreaker(
        id="bus", event_type="*", build=lambda stream: stream.publish(), failures=3
    )
    it = Shop(collect=[rule])
    entry = {"ErrorCode": "ThrottlingException"}
    memory = it.aws.call

    def refusing(service: str, operation: str, parameters: Any) -> dict[str, Any]:
        if service != "events":
            return memory(service, operation, parameters)
        return {"FailedEntryCount": 1, "Entries": [entry for _ in parameters["Entries"]]}

    it.aws.call = refusing  # pyright: ignore[reportAttributeAccessIssue]
    assert (hand(it), circuit(it)["state"]) == (1, "open")


def test_a_table_that_is_overloaded_keeps_nobody_from_calling():
    downstream = Downstream()
    downstream.error = None
    it = shop(downstream)
    it.aws.throttled = frozenset(range(1, 100))
    assert (hand(it, 10), downstream.calls) == (0, 10)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"share": 0}, "share must be a number over 0, up to 1, got 0"),
        ({"longest_pause": timedelta(seconds=1)}, "longest_pause must be at least pause"),
        ({"guards": ("x",)}, r"guards names \['x'\]"),
        ({"build": lambda stream: stream}, "build must add a step that calls somebody"),
    ],
)
def test_a_circuit_breaker_with_a_wrong_option_says_so(options, words):
    given = {"build": lambda stream: stream.call(print), **options}
    with pytest.raises(ValueError, match=words):
        rules.CircuitBreaker(id="crm", event_type="*", **given).pipelines()


def test_it_needs_no_more_than_to_read_and_to_write_its_item():
    rule = rules.CircuitBreaker(id="crm", event_type="*", build=lambda stream: stream.call(print))
    (use,) = [use for step in rule.pipelines()[0].steps for use in getattr(step, "uses", ())]
    assert use.actions == ("dynamodb:GetItem", "dynamodb:PutItem")


# --- the machine ------------------------------------------------------------------------------


def opened(now: int = 0) -> Circuit:
    circuit = Circuit()
    for _ in range(3):
        circuit = failed(circuit, BREAKER, now, trial=False)
    return circuit


def test_failures_open_it_only_if_they_are_a_share_of_the_calls():
    circuit = Circuit()
    for _ in range(3):
        circuit = failed(circuit, BREAKER, 0, trial=False, calls=10)
    assert circuit.state is CircuitState.CLOSED
    assert opened().state is CircuitState.OPEN


def test_failures_of_an_earlier_window_do_not_count():
    circuit = failed(failed(Circuit(), BREAKER, 0, trial=False), BREAKER, 0, trial=False)
    late = failed(circuit, BREAKER, 5_000, trial=False)
    assert (late.state, late.failures) == (CircuitState.CLOSED, 1)


def test_a_half_open_circuit_lets_as_many_through_as_have_to_succeed():
    first, circuit = admitted(opened(), BREAKER, 100)
    second, circuit = admitted(circuit, BREAKER, 100)
    third, circuit = admitted(circuit, BREAKER, 100)
    assert (first, second, third) == (True, True, False)
    circuit = succeeded(circuit, BREAKER, trial=True)
    assert circuit.state is CircuitState.HALF_OPEN
    assert succeeded(circuit, BREAKER, trial=True).state is CircuitState.CLOSED


def test_others_are_let_through_when_nobody_hears_of_a_trial():
    circuit = opened()
    for _ in range(2):
        _, circuit = admitted(circuit, BREAKER, 100)
    assert admitted(circuit, BREAKER, 199)[0] is False
    assert admitted(circuit, BREAKER, 200)[0] is True


def test_calls_that_were_begun_when_all_was_well_are_no_trials():
    _, circuit = admitted(opened(), BREAKER, 100)
    assert succeeded(circuit, BREAKER, trial=False) is circuit
    assert failed(circuit, BREAKER, 100, trial=False) is circuit


def test_pauses_grow_up_to_the_longest():
    circuit, now, pauses = opened(), 0, list[int]()
    for _ in range(4):
        pauses.append(circuit.until - now)
        now = circuit.until
        _, circuit = admitted(circuit, BREAKER, now)
        circuit = failed(circuit, BREAKER, now, trial=True)
    assert pauses == [100, 200, 350, 350]


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("+-?"), st.integers(0, 200)), max_size=40))
def test_whatever_happens_calls_are_made_again_in_the_end(steps):
    circuit, now = Circuit(), 0
    for what, passed in steps:
        now += passed
        may, circuit = admitted(circuit, BREAKER, now)
        trial = circuit.state is CircuitState.HALF_OPEN
        if may and what == "+":
            circuit = succeeded(circuit, BREAKER, trial=trial)
        elif may and what == "-":
            circuit = failed(circuit, BREAKER, now, trial=trial)
        assert Circuit.read(circuit.row()) == circuit
    for _ in range(BREAKER.trials):
        now += BREAKER.longest_pause
        may, circuit = admitted(circuit, BREAKER, now)
        assert may
        circuit = succeeded(circuit, BREAKER, trial=circuit.state is CircuitState.HALF_OPEN)
    assert circuit.state is CircuitState.CLOSED


def test_a_row_that_somebody_else_has_written_meanwhile_is_read_again():
    downstream = Downstream()
    it = shop(downstream, failures=2)
    world = it.world

    def other_fails_too(uow) -> None:
        if downstream.calls == 0:
            other = replace(world, memory={})
            downstream.calls += 1
            it.listener.handle(to_kinesis_records([event("x", "order-paid")]), other)
        raise Throttled("ThrottlingException", "", 400, "ask")

    it.listener = Shop(
        collect=[
            rules.CircuitBreaker(
                id="crm",
                event_type="*",
                build=lambda stream: stream.call(other_fails_too),
                failures=9,
            )
        ]
    ).listener
    it.listener.handle(to_kinesis_records([event("y", "order-paid")]), world)
    assert circuit(it)["failures"] == circuit(it)["calls"] == 8


def test_failures_that_two_note_at_the_same_time_count_both():
    it = shop(Downstream())
    breaker = replace(BREAKER, failures=9)
    downstream = Client(name="crm", breaker=breaker, is_failure=lambda _: True, table="table")
    guards = [Guard(downstream, it.world), Guard(downstream, it.world)]
    for _ in range(3):
        # What each of them knows is a moment old when the other one has noted a failure.
        for guard in guards:
            guard.enter()
        for guard in guards:
            guard.leave(failure=True, trial=False)
    assert (circuit(it)["failures"], circuit(it)["version"]) == (6, 6)
