"""Bugs of sinks and their controllers, as patches of the real code."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

MODULE = "tests.runtime.sinks.simulation"
MUTANTS: tuple[Mutant, ...] = ()
