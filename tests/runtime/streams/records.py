"""Events and records that nobody has thought of, and short ways to read outcomes."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings, strategies as st

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.uow import UnitOfWork

# There is a test for each source, so each can be short.
few = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
MOMENTS = st.integers(0, 4_102_444_800_000)
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXT
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {"id": NAMES, "type": NAMES, "timestamp": MOMENTS, "partitionKey": TEXT},
    optional={"tags": st.dictionaries(TEXT, TEXT, max_size=2), "thing": JSON, "raw": JSON},
).map(Event)


def events(outcomes) -> list[Any]:
    """Give the events; there must be nothing else."""
    units = list(outcomes)
    assert {type(unit) for unit in units} <= {UnitOfWork}, units
    return [unit.event for unit in units]


def only(outcomes) -> Any:
    """Give the one outcome that there is."""
    (outcome,) = outcomes
    return outcome


def fault(outcomes):
    """Give the one outcome, of a record that could not be read."""
    outcome = only(outcomes)
    assert isinstance(outcome, Undecodable), outcome
    return outcome
