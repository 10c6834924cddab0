"""Bugs of sinks and their controllers, as patches of the real code."""

from __future__ import annotations

from tests.runtime.sinks.simulation.mutants.controlling import CONTROLLING
from tests.runtime.sinks.simulation.mutants.delivering import DELIVERING

MODULE = "tests.runtime.sinks.simulation"
MUTANTS = (*DELIVERING, *CONTROLLING)
