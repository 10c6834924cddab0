"""The reliability test: the real code of both sides under every fault that a network has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.simulation.mutants import MUTANTS
from tests.runtime.simulation.mutants.known import KNOWN
from tests.runtime.simulation.mutation import SEEDS, Mutant, seed_that_finds
from tests.runtime.simulation.run import simulate

SEEDS_IN_CI = 20
BLOCK = 20
# Each found a fault of ours, which is mended: a throttled question, a late answer to the question
# before, a watch that looked too seldom, a webhook asked for once, an answer after its time.
SEEDS_THAT_FOUND = (0, 29, 45, 64, 152, 224)


@pytest.mark.parametrize("first", range(0, SEEDS_IN_CI, BLOCK))
def test_every_seed_keeps_every_promise(first: int):
    verdicts = [simulate(seed) for seed in range(first, first + BLOCK)]

    assert [(verdict.seed, verdict.faults) for verdict in verdicts if verdict.faults] == []


@pytest.mark.parametrize("seed", SEEDS_THAT_FOUND)
def test_what_a_seed_has_found_is_mended(seed: int):
    assert simulate(seed).faults == ()


@pytest.mark.parametrize("seed", [3, 10])
def test_the_same_seed_gives_the_same_events(seed: int):
    assert simulate(seed).log == simulate(seed).log


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_simulation_finds(mutant: Mutant, tmp_path: Path):
    guess = KNOWN.get(mutant.name, 0)

    assert seed_that_finds(mutant, tmp_path, SEEDS, guess) is not None
