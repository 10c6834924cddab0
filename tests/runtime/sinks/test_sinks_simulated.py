"""The reliability test of sinks: the real sink and controller under every fault around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.simulation.mutation import PACKAGES, SEEDS, Mutant, seed_that_finds
from tests.runtime.simulation.scheduler import Scheduler
from tests.runtime.sinks.simulation.mutants import MODULE, MUTANTS
from tests.runtime.sinks.simulation.mutants.known import IN_CI, KNOWN
from tests.runtime.sinks.simulation.outages import outage
from tests.runtime.sinks.simulation.run import played, simulate
from tests.runtime.sinks.simulation.strategies.naive import VisibilityOnly
from tests.runtime.sinks.simulation.strategies.ours import Ours
from tests.runtime.sinks.simulation.weather import HOUR, MINUTE

SEEDS_IN_CI = 16  # two of each weather


@pytest.mark.parametrize("seed", range(SEEDS_IN_CI))
def test_every_seed_keeps_every_promise(seed: int):
    assert simulate(seed).faults == ()


def test_the_same_seed_gives_the_same_events():
    assert simulate(4).log == simulate(4).log


@pytest.mark.parametrize("length", [10 * MINUTE, HOUR])
def test_no_healthy_message_is_a_dead_letter_after_an_outage(length: int):
    world, faults = played(outage(length), Scheduler(1), Ours())

    assert (world.history.dead, len(world.downstream.stored), faults) == ({}, 600, ())


def test_without_its_controller_a_sink_comes_back_by_itself():
    world, _ = played(outage(10 * MINUTE), Scheduler(1), Ours(has_controller=False))

    assert (world.history.dead, len(world.downstream.stored)) == ({}, 600)


def test_a_sink_whose_breaker_does_not_pause_the_queue_loses_messages():
    naive = VisibilityOnly(name="breaker without a pause", breaker=True)

    world, _ = played(outage(10 * MINUTE), Scheduler(1), naive)

    assert len(world.history.dead) > 50


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
