"""Bugs of the timers' protocol, as patches of the real code."""

from __future__ import annotations

from tests.runtime.timers.simulation.mutants.dispatch import DISPATCH
from tests.runtime.timers.simulation.mutants.requests import REQUESTS

MODULE = "tests.runtime.timers.simulation"
MUTANTS = (*DISPATCH, *REQUESTS)
