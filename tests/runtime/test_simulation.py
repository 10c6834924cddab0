"""The reliability test: the real code of both sides under every fault that a network has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.simulation.mutants import MUTANTS, Mutant, seed_that_finds
from tests.runtime.simulation.run import simulate

SEEDS_IN_CI = 240
BLOCK = 40
SEEDS_FOR_A_MUTANT = 1_000


@pytest.mark.parametrize("first", range(0, SEEDS_IN_CI, BLOCK))
def test_every_seed_keeps_every_promise(first: int):
    verdicts = [simulate(seed) for seed in range(first, first + BLOCK)]

    assert [(verdict.seed, verdict.faults) for verdict in verdicts if verdict.faults] == []


@pytest.mark.parametrize("seed", [3, 10, 25])
def test_the_same_seed_gives_the_same_events(seed: int):
    assert simulate(seed).log == simulate(seed).log


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_simulation_finds(mutant: Mutant, tmp_path: Path):
    assert seed_that_finds(mutant, tmp_path, SEEDS_FOR_A_MUTANT) is not None
