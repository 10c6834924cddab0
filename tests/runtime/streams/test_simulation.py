"""The reliability test of streams: the real engine under every fault of sources and services."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.simulation.mutation import PACKAGES, SEEDS, Mutant, seed_that_finds
from tests.runtime.streams.simulation.mutants import MODULE, MUTANTS
from tests.runtime.streams.simulation.mutants.known import IN_CI, KNOWN
from tests.runtime.streams.simulation.run import simulate

SEEDS_IN_CI = 48


def test_every_seed_keeps_every_promise():
    verdicts = [simulate(seed) for seed in range(SEEDS_IN_CI)]

    assert [(verdict.seed, verdict.faults) for verdict in verdicts if verdict.faults] == []


def test_the_same_seed_gives_the_same_events():
    assert simulate(4).log == simulate(4).log


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_written_for_the_code_as_it_is(mutant: Mutant):
    edits = [mutant, mutant.also] if mutant.also else [mutant]
    texts = [(PACKAGES[edit.package] / edit.package / edit.file).read_text() for edit in edits]

    assert [text.count(edit.before) for text, edit in zip(texts, edits, strict=True)] == [
        1 for _ in edits
    ]


@pytest.mark.parametrize(
    "mutant", [each for each in MUTANTS if each.name in IN_CI], ids=lambda mutant: mutant.name
)
def test_the_simulation_finds(mutant: Mutant, tmp_path: Path):
    guess = KNOWN[mutant.name]

    assert seed_that_finds(mutant, tmp_path, SEEDS, guess, module=MODULE) is not None
