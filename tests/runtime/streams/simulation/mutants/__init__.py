"""Bugs of stream processors, as patches of the real code."""

from __future__ import annotations

from tests.runtime.streams.simulation.mutants.answering import ANSWERING
from tests.runtime.streams.simulation.mutants.calling import CALLING

MODULE = "tests.runtime.streams.simulation"
MUTANTS = (*ANSWERING, *CALLING)
