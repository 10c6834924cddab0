"""What a record costs in a stream processor: the peer, a loop by hand, Powertools and ours.

python -m benchmarks.streams [--records 100,1000,10000] [--cases listener,...] [--rounds 21]

All read the same records in one run, turn by turn, each in a process of its own, so that what else
the machine does weighs on each alike: read the ratios. The peer is aws-lambda-stream 1.0.0; it,
Powertools and orjson are installed into a cache folder of the user's. CPU is what is compared,
the median of the rounds; memory is the peak of the process, with the parsed records in it.

stubbed: what sends is replaced by what answers at once. The peer's `send` is replaced above the
encoding of DynamoDB's attribute values, ours below it, so its figure has that too; `ours, values`
is ours without it, as the peer is.
client: the client libraries are whole, and only the network below them is removed.

The targets are of a quiet machine, on which the loop took what stands beside them. On a busy one
all take longer, so a target counts as reached if ours is within the same ratio to the loop.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants.cache import cache_folder, peer_program, wheels
from benchmarks.contestants.process import Contestant
from benchmarks.contestants.records import file_of
from benchmarks.contestants.starts import print_starts

SIZES = (100, 1_000, 10_000)
A_TURN = 1_000  # records: short turns, for the least is what a busy machine did not disturb
WARM_UP = 1.5  # seconds: V8 compiles what is hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the contestants do, and which of them can."""

    task: str
    rules: int
    mode: str
    python: tuple[str, ...]
    sizes: tuple[int, ...] = SIZES
    source: str = "kinesis"


CASES = {
    "listener": Case(
        task="listener",
        rules=1,
        mode="stubbed",
        python=("plain", "ours", "ours_values", "ours_orjson", "powertools"),
    ),
    "listener, 10 rules": Case(
        task="listener", rules=10, mode="stubbed", python=("plain", "ours", "ours_values")
    ),
    "listener, 100 rules": Case(
        task="listener", rules=100, mode="stubbed", python=("plain", "ours"), sizes=(1_000,)
    ),
    "trigger": Case(
        task="trigger",
        rules=1,
        mode="stubbed",
        source="dynamodb",
        python=("plain", "plain_orjson", "ours", "ours_orjson"),
    ),
    "trigger, 10 rules": Case(
        task="trigger", rules=10, mode="stubbed", source="dynamodb", python=("plain", "ours")
    ),
    "listener with its client": Case(
        task="listener",
        rules=1,
        mode="client",
        python=("plain", "ours", "powertools"),
        sizes=(1_000,),
    ),
    "trigger with its client": Case(
        task="trigger",
        rules=1,
        mode="client",
        source="dynamodb",
        python=("plain", "ours"),
        sizes=(1_000,),
    ),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a record may cost, where the loop by hand costs `plain`, with its calls stubbed."""

    case: str
    contestant: str
    cpu: float
    plain: float

    def verdict(self, cpu: float, plain: float) -> str:
        """Say how far ours is; microseconds a record as measured here."""
        quiet = cpu * self.plain / plain
        sign = "reached" if quiet <= self.cpu else "missed"
        return (
            f"{self.case:<26} {self.contestant:<14} {self.cpu:>8.0f} {quiet:>12.1f} "
            f"{self.cpu / self.plain:>8.1f}x {cpu / plain:>8.1f}x  {sign}"
        )


TARGETS = (
    Target("listener", "ours, values", 25, 16.6),
    Target("listener, 10 rules", "ours, values", 28, 17),
    Target("trigger", "ours", 55, 41),
    Target("trigger", "ours, orjson", 30, 41),
    Target("listener with its client", "ours", 110, 16.6),
)
MEGABYTES = 80
Least = dict[tuple[str, str], float]  # microseconds by case and contestant


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What there is to compare with."""

    peer: Path | None
    wheels: Path | None


def installed(folder: Path) -> Installed:
    """Install what is missing, and say what cannot be."""
    found = peer_program(folder), wheels(folder)
    for each in found:
        if isinstance(each, str):
            print(each)
    peer, target = (each if isinstance(each, Path) else None for each in found)
    return Installed(peer=peer, wheels=target)


def contestants(case: Case, file: Path, have: Installed) -> Iterator[Contestant]:
    """Start each that can do it."""
    told = [case.task, str(case.rules), str(file), case.mode]
    if have.peer:
        yield Contestant.start("peer", ["node", str(have.peer), *told], [])
    for name in case.python:
        needs = [have.wheels] if have.wheels else []
        if needs or not name.endswith(("orjson", "powertools")):
            command = [sys.executable, "-m", "benchmarks.contestants.worker", name, *told]
            yield Contestant.start(name.replace("_", ", "), command, needs)


def race(case: Case, file: Path, have: Installed, rounds: int) -> list[Contestant]:
    """Let all do the same, turn by turn."""
    running = list(contestants(case, file, have))
    for each in running:
        each.warm_up(WARM_UP)
    for _ in range(rounds):
        for each in running:
            each.measure(A_TURN)
    for each in running:
        each.end()
    return running


def print_race(name: str, size: int, done: list[Contestant]) -> None:
    """Print a row for each contestant."""
    first = statistics.median(done[0].cpu)
    for each in done:
        cpu = statistics.median(each.cpu)
        print(
            f"{name:<26} {size:>7,} {each.name:<14} {cpu:>8.1f} {min(each.cpu):>8.1f} "
            f"{statistics.median(each.wall):>8.1f} {first / cpu:>7.1f}x {each.calls:>7,} "
            f"{each.peak:>7.0f}",
            flush=True,
        )


def print_targets(least: Least, peak: float) -> None:
    """Print what was aimed at, of the cases that were run."""
    print(f"\n{'target':<41} {'us':>8} {'ours, quiet':>12} {'ratio':>9} {'ours':>9}")
    for target in TARGETS:
        cpu = least.get((target.case, target.contestant))
        # A loop with its client is a loop with boto3, which is no measure of a machine.
        plain = least.get((target.case.removesuffix(" with its client"), "plain"))
        if cpu is not None and plain is not None:
            print(target.verdict(cpu, plain))
    print(f"{'peak memory of ours, MB':<41} {MEGABYTES:>8} {peak:>12.0f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", default=",".join(map(str, SIZES)))
    parser.add_argument("--cases", default=";".join(CASES), help="their names, with ; between")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    unknown = [name for name in options.cases.split(";") if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]!r}; there are {'; '.join(CASES)}")
    folder = cache_folder()
    have = installed(folder)
    print(
        f"{'case':<26} {'records':>7} {'contestant':<14} {'us CPU':>8} {'least':>8} {'us wall':>8} "
        f"{'ratio':>8} {'calls':>7} {'peak MB':>7}"
    )
    least: Least = {}
    peak = 0.0
    for name in options.cases.split(";"):
        case = CASES[name]
        for size in case.sizes:
            if str(size) in options.records.split(","):
                file = file_of(folder / "records", case.source, case.rules, size)
                done = race(case, file, have, options.rounds)
                print_race(name, size, done)
                # The last size is the largest.
                least |= {(name, each.name): min(each.cpu) for each in done}
                peak = max([peak, *(each.peak for each in done if each.name == "ours")])
    print_targets(least, peak)
    print_starts(have.peer)


if __name__ == "__main__":
    main()
