"""Which event leads a request from which state to which: its whole life, in one table."""

from __future__ import annotations

from enum import StrEnum

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.errors import IllegalTransition


class Event(StrEnum):
    """What can happen to a request after it was accepted."""

    CLAIM = "claim"  # a worker starts the attempt that is due
    SUCCEED = "succeed"
    FAIL = "fail"
    RETRY = "retry"  # the attempt failed, another one is due
    CANCEL = "cancel"  # the client asks
    STOP = "stop"  # the worker complies, or is gone
    EXPIRE = "expire"  # never claimed in time
    ASK = "ask"  # the handler waits for somebody's input
    ANSWER = "answer"  # the client gave it
    RESUME = "resume"  # the handler waits no longer, with or without an answer


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED})
LEASED = frozenset({State.RUNNING, State.CANCELLING})

TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.QUEUED, Event.CLAIM): State.RUNNING,
    (State.QUEUED, Event.CANCEL): State.CANCELLED,
    (State.QUEUED, Event.EXPIRE): State.EXPIRED,
    (State.RETRY_WAIT, Event.CLAIM): State.RUNNING,
    (State.RETRY_WAIT, Event.CANCEL): State.CANCELLED,
    (State.RETRY_WAIT, Event.EXPIRE): State.EXPIRED,
    (State.RUNNING, Event.SUCCEED): State.SUCCEEDED,
    (State.RUNNING, Event.FAIL): State.FAILED,
    (State.RUNNING, Event.RETRY): State.RETRY_WAIT,
    (State.RUNNING, Event.CANCEL): State.CANCELLING,
    # A durable execution that sleeps would hear of the wish when it wakes, which may be in a year.
    (State.RUNNING, Event.STOP): State.CANCELLED,
    (State.RUNNING, Event.ASK): State.INPUT_REQUIRED,
    (State.INPUT_REQUIRED, Event.ANSWER): State.RUNNING,
    (State.INPUT_REQUIRED, Event.RESUME): State.RUNNING,
    (State.INPUT_REQUIRED, Event.CANCEL): State.CANCELLED,
    (State.INPUT_REQUIRED, Event.FAIL): State.FAILED,
    (State.INPUT_REQUIRED, Event.RETRY): State.RETRY_WAIT,
    # Work that was done before the worker saw the wish is done; anything else ends as asked.
    (State.CANCELLING, Event.SUCCEED): State.SUCCEEDED,
    (State.CANCELLING, Event.FAIL): State.CANCELLED,
    (State.CANCELLING, Event.RETRY): State.CANCELLED,
    (State.CANCELLING, Event.STOP): State.CANCELLED,
    (State.CANCELLING, Event.CANCEL): State.CANCELLING,
}


def next_state(state: State, event: Event) -> State:
    """Give the state after `event`; raises IllegalTransition where the table has no row."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"a request that is {state} cannot {event}") from None
