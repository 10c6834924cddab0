"""The reliability test of timers: the real functions under every fault that their services have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.simulation.mutation import PACKAGES, SEEDS, Mutant, seed_that_finds
from tests.runtime.timers.simulation.class_wheel import ClassWheel
from tests.runtime.timers.simulation.due_index import DueIndex
from tests.runtime.timers.simulation.minute_wheel import MinuteWheel
from tests.runtime.timers.simulation.mutants import MODULE, MUTANTS
from tests.runtime.timers.simulation.mutants.known import IN_CI, KNOWN
from tests.runtime.timers.simulation.protocol import Protocol
from tests.runtime.timers.simulation.run import simulate

# Of each weather some that take a second.
SEEDS_IN_CI = (3, 4, 5, 6, 7, 8, 9, 10)


@pytest.mark.parametrize("seed", SEEDS_IN_CI)
def test_every_seed_keeps_every_promise(seed: int):
    assert simulate(seed, ClassWheel).faults == ()


def test_the_same_seed_gives_the_same_events():
    assert simulate(9, ClassWheel).log == simulate(9, ClassWheel).log


@pytest.mark.parametrize("protocol", [MinuteWheel, DueIndex])
def test_a_simpler_protocol_loses_firings(protocol: type[Protocol]):
    assert simulate(7, protocol).score.lost != []


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
