"""Run many seeds: `python -m tests.runtime.simulation --seeds 2000`."""

from __future__ import annotations

import argparse
import collections
import sys
import time

from tests.runtime.simulation.run import simulate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--log", action="store_true", help="print the event log of each seed")
    parser.add_argument("--until-found", action="store_true", help="stop at the first fault")
    arguments = parser.parse_args()
    began = time.perf_counter()
    scenarios: collections.Counter[str] = collections.Counter()
    failed = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        verdict = simulate(seed)
        scenarios[verdict.scenario] += 1
        failed += bool(verdict.faults)
        for fault in verdict.faults:
            print(f"seed {seed} ({verdict.scenario}): {fault}")
        if verdict.faults and arguments.until_found:
            return 1
        if arguments.log:
            print("\n".join(verdict.log))
    seconds = time.perf_counter() - began
    print(f"{arguments.seeds} seeds, {failed} with faults, {seconds:.0f} s; {dict(scenarios)}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
