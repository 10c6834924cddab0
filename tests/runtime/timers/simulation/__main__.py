"""Run many seeds, print what became of their firings beside two simpler protocols, find mutants.

`python -m tests.runtime.timers.simulation --seeds 500`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.runtime.simulation.mutation import SEEDS, seed_that_finds
from tests.runtime.timers.simulation.class_wheel import ClassWheel
from tests.runtime.timers.simulation.due_index import DueIndex
from tests.runtime.timers.simulation.minute_wheel import MinuteWheel
from tests.runtime.timers.simulation.mutants import MODULE, MUTANTS
from tests.runtime.timers.simulation.population import Kind
from tests.runtime.timers.simulation.report import Report, Tally
from tests.runtime.timers.simulation.run import simulate
from tests.runtime.timers.simulation.scenarios import Weather, scenario

PROCESSES = 2
CALM_DUPLICATES = 0.0001
NAIVE = (MinuteWheel, DueIndex)


class Row(NamedTuple):
    """What one run came to."""

    seed: int
    protocol: str
    weather: str
    tally: Tally
    faults: tuple[str, ...]
    log: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--weather", choices=[*Weather], help="run those of one weather only")
    parser.add_argument("--naive", type=int, default=4, help="the others run each so manyth seed")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="how many to run in")
    parser.add_argument("--log", action="store_true", help="print the event log of each seed")
    parser.add_argument("--until-found", action="store_true", help="stop at the first fault")
    parser.add_argument("--mutants", action="store_true", help="look for each mutant as well")
    arguments = parser.parse_args()
    failed = run_seeds(arguments)
    if arguments.mutants:
        failed += run_mutants()
    return int(failed > 0)


def run_seeds(arguments: argparse.Namespace) -> int:
    """Print each fault of ours, then the table of all protocols; give how many seeds had faults."""
    began, failed = time.perf_counter(), 0
    report = Report(protocol.name for protocol in (ClassWheel, *NAIVE))
    try:
        for row in _rows(arguments):
            report.add(row.protocol, row.weather, row.tally)
            failed += row.protocol == ClassWheel.name and bool(row.faults)
            _tell(row)
            if failed and arguments.until_found:
                return failed
    except KeyboardInterrupt:
        print("interrupted: this is what there was so far")
    if (share := report.of(ClassWheel.name, Weather.CALM).repeated) >= CALM_DUPLICATES:
        print(f"{share:.4%} of the messages were sent twice although nothing failed")
        failed += 1
    seconds = time.perf_counter() - began
    ours = report.total(ClassWheel.name)
    print(report)
    print(
        f"{ours.seeds} seeds, {ours.occurrences:,} occurrences in {seconds:.0f} s: "
        f"{ours.lost} lost, {failed} seeds with faults"
    )
    return failed


def _tell(row: Row) -> None:
    if row.protocol == ClassWheel.name:
        for fault in row.faults:
            print(f"seed {row.seed} ({row.weather}): {fault}", flush=True)
    if row.log:
        print("\n".join(row.log))


def _rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Run every seed with our protocol, and some with the others, in several processes."""
    drawn = range(arguments.first, arguments.first + arguments.seeds)
    seeds = [seed for seed in drawn if arguments.weather in {None, scenario(seed).weather}]
    if arguments.until_found:
        seeds.sort(key=lambda seed: [*Kind].index(scenario(seed).kind))  # the quick ones first
    run = partial(_run, every=0 if arguments.until_found else arguments.naive, log=arguments.log)
    if arguments.until_found or arguments.processes == 1:
        for seed in seeds:
            yield from run(seed)
        return
    with ProcessPoolExecutor(max_workers=arguments.processes) as pool:
        for rows in pool.map(run, seeds, chunksize=1):
            yield from rows


def _run(seed: int, *, every: int, log: bool) -> list[Row]:
    # Each five seeds have one of every weather, so blocks of five are drawn, not single seeds.
    naive = NAIVE if every and seed // 5 % every == 0 else ()
    rows: list[Row] = []
    for protocol in (ClassWheel, *naive):
        outcome = simulate(seed, protocol)
        rows.append(
            Row(
                seed=seed,
                protocol=outcome.protocol,
                weather=outcome.weather,
                tally=Tally.of(outcome),
                faults=outcome.faults,
                log=outcome.log if log else (),
            )
        )
    return rows


def run_mutants() -> int:
    """Print for each mutant the first seed that finds it."""
    missed = 0
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory() as folder:
            seed = seed_that_finds(mutant, Path(folder), SEEDS, module=MODULE)
        missed += seed is None
        found = "NOT FOUND" if seed is None else f"seed {seed}"
        print(f"mutant: {mutant.name:<56} {found}", flush=True)
    print(f"{len(MUTANTS)} mutants: {missed} not found")
    return missed


if __name__ == "__main__":
    sys.exit(main())
