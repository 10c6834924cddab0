"""The life of a request, against a table that was written from the specification alone."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.errors import IllegalTransition
from cdk_streamer_runtime.requests.transitions import LEASED, TERMINAL, Event, next_state

# Rows are states, columns events; "-" where an event cannot happen.
EXPECTED = """
                claim    succeed    fail       retry       cancel      stop       expire   ask             answer   resume
QUEUED          RUNNING  -          -          -           CANCELLED   -          EXPIRED  -               -        -
RUNNING         -        SUCCEEDED  FAILED     RETRY_WAIT  CANCELLING  CANCELLED  -        INPUT_REQUIRED  -        -
RETRY_WAIT      RUNNING  -          -          -           CANCELLED   -          EXPIRED  -               -        -
INPUT_REQUIRED  -        -          FAILED     RETRY_WAIT  CANCELLED   -          -        -               RUNNING  RUNNING
CANCELLING      -        SUCCEEDED  CANCELLED  CANCELLED   CANCELLING  CANCELLED  -        -               -        -
SUCCEEDED       -        -          -          -           -           -          -        -               -        -
FAILED          -        -          -          -           -           -          -        -               -        -
CANCELLED       -        -          -          -           -           -          -        -               -        -
EXPIRED         -        -          -          -           -           -          -        -               -        -
"""  # noqa: E501 - a table
_HEAD, *_ROWS = (line.split() for line in EXPECTED.strip().splitlines())
CELLS = {
    (State(name), Event(event)): cell
    for name, *cells in _ROWS
    for event, cell in zip(_HEAD, cells, strict=True)
}

ENDS = {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED}
EVENTS = st.lists(st.sampled_from(Event), max_size=20)


def test_the_table_here_has_every_state_and_every_event():
    assert CELLS.keys() == set(product(State, Event))


@pytest.mark.parametrize(
    ("state", "event"), [cell for cell, after in CELLS.items() if after != "-"], ids=str
)
def test_an_event_leads_to_its_state(state: State, event: Event):
    assert next_state(state, event) is State(CELLS[state, event])


@pytest.mark.parametrize(
    ("state", "event"), [cell for cell, after in CELLS.items() if after == "-"], ids=str
)
def test_an_event_that_cannot_happen_is_refused_by_name(state: State, event: Event):
    with pytest.raises(IllegalTransition, match=f"{state} cannot {event}"):
        next_state(state, event)


def test_these_states_are_final():
    assert TERMINAL == ENDS


def test_a_worker_holds_a_lease_in_these_states():
    assert {State.RUNNING, State.CANCELLING} == LEASED


def lived(events: list[Event]) -> list[State]:
    """Give the states of a request that meets these events and ignores those that cannot be."""
    states = [State.QUEUED]
    for event in events:
        try:
            states.append(next_state(states[-1], event))
        except IllegalTransition:
            continue
    return states


@given(EVENTS)
def test_nothing_follows_a_final_state(events: list[Event]):
    states = lived(events)

    assert TERMINAL.isdisjoint(states[:-1])


@given(EVENTS)
def test_nothing_is_done_that_was_not_claimed(events: list[Event]):
    states = lived(events)

    assert State.RUNNING in states or not {State.SUCCEEDED, State.FAILED} & set(states)


@given(EVENTS)
def test_only_what_waits_for_a_worker_expires(events: list[Event]):
    states = lived(events)

    assert State.EXPIRED not in states or states[-2] in {State.QUEUED, State.RETRY_WAIT}


@given(EVENTS)
def test_a_wish_to_cancel_is_never_taken_back(events: list[Event]):
    states = lived(events)
    after = states[states.index(State.CANCELLING) :] if State.CANCELLING in states else []

    assert set(after) <= {State.CANCELLING, State.CANCELLED, State.SUCCEEDED}


@given(EVENTS)
def test_from_wherever_it_is_a_request_can_end(events: list[Event]):
    ends = {
        State.QUEUED: Event.EXPIRE,
        State.RETRY_WAIT: Event.CANCEL,
        State.RUNNING: Event.FAIL,
        State.INPUT_REQUIRED: Event.FAIL,
    }
    state = lived(events)[-1]

    assert state in TERMINAL or next_state(state, ends.get(state, Event.STOP)) in TERMINAL
