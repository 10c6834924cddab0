"""Run many seeds, then every mutant: `python -m tests.runtime.streams.simulation --seeds 2000`."""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

from tests.runtime.simulation.mutation import SEEDS, seed_that_finds
from tests.runtime.streams.simulation.mutants import MODULE, MUTANTS
from tests.runtime.streams.simulation.run import simulate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--log", action="store_true", help="print the event log of each seed")
    parser.add_argument("--until-found", action="store_true", help="stop at the first fault")
    parser.add_argument("--mutants", action="store_true", help="look for each mutant as well")
    arguments = parser.parse_args()
    failed = run_seeds(arguments)
    if arguments.mutants:
        failed += run_mutants()
    return int(failed > 0)


def run_seeds(arguments: argparse.Namespace) -> int:
    """Print what was found, one line a fault, and how many seeds of which kind there were."""
    began = time.perf_counter()
    scenarios: collections.Counter[str] = collections.Counter()
    failed = records = invocations = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        verdict = simulate(seed)
        scenarios[verdict.weather] += 1
        records += verdict.records
        invocations += verdict.invocations
        failed += bool(verdict.faults)
        for fault in verdict.faults:
            print(f"seed {seed} ({verdict.weather}, {verdict.source}): {fault}")
        if verdict.faults and arguments.until_found:
            return 1
        if arguments.log:
            print("\n".join(verdict.log))
    kinds = ", ".join(f"{count} {name}" for name, count in scenarios.most_common())
    seconds = time.perf_counter() - began
    print(
        f"{sum(scenarios.values())} seeds ({kinds}), {records:,} records in {invocations:,} "
        f"invocations, in {seconds:.0f} s: {failed} with faults"
    )
    return failed


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
