"""Bugs of the timers' protocol, as patches of the real code."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

MODULE = "tests.runtime.timers.simulation"
MUTANTS: tuple[Mutant, ...] = ()
