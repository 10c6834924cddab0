"""Run many seeds, then every mutant: `python -m tests.runtime.sinks.simulation --seeds 2000`."""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

from tests.runtime.simulation.mutation import SEEDS, seed_that_finds
from tests.runtime.sinks.simulation.mutants import MODULE, MUTANTS
from tests.runtime.sinks.simulation.mutants.known import KNOWN
from tests.runtime.sinks.simulation.run import simulate


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
    weathers: collections.Counter[str] = collections.Counter()
    failed = messages = deliveries = probes = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        verdict = simulate(seed)
        weathers[verdict.weather] += 1
        messages += verdict.messages
        deliveries += verdict.deliveries
        probes += verdict.probes
        failed += bool(verdict.faults)
        for fault in verdict.faults:
            print(f"seed {seed} ({verdict.weather}): {fault}", flush=True)
        if arguments.log:
            print("\n".join(verdict.log))
        if verdict.faults and arguments.until_found:
            return 1
    kinds = ", ".join(f"{count} {name}" for name, count in weathers.most_common())
    seconds = time.perf_counter() - began
    print(
        f"{sum(weathers.values())} seeds ({kinds}), {messages:,} messages, {deliveries:,} "
        f"deliveries and {probes:,} probes, in {seconds:.0f} s: {failed} with faults"
    )
    return failed


def run_mutants() -> int:
    """Print for each mutant the first seed that finds it."""
    missed = 0
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory() as folder:
            guess = KNOWN.get(mutant.name, 0)
            seed = seed_that_finds(mutant, Path(folder), SEEDS, guess, module=MODULE)
        missed += seed is None
        found = "NOT FOUND" if seed is None else f"seed {seed}"
        print(f"mutant: {mutant.name:<56} {found}", flush=True)
    print(f"{len(MUTANTS)} mutants: {missed} not found")
    return missed


if __name__ == "__main__":
    sys.exit(main())
