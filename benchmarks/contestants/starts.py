"""What a cold start of each costs: a new process that imports it, less a bare one."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

STARTS = 9
TARGET, BOTO3 = 60, 303  # milliseconds
RUNTIME = Path(__file__).parents[2] / "runtime"
PYTHON = {
    "ours: an app with a rule, and its client": (
        "from cdk_streamer_runtime.aws import LeanClient\n"
        "from cdk_streamer_runtime.streams import StreamApp, rules\n"
        "StreamApp([rules.Materialize(id='m', event_type='t', to_update=dict)])\nLeanClient()"
    ),
    "boto3, one client": "import boto3; boto3.client('dynamodb', region_name='us-east-1')",
}


def print_starts(peer: Path | None) -> None:
    """Print the table."""
    programs = {name: ([sys.executable, "-c", ""], code) for name, code in PYTHON.items()}
    if peer:
        programs["peer: aws-lambda-stream"] = (
            ["node", "-e", ""],
            "require('aws-lambda-stream')",
        )
    folder = peer.parent if peer else Path.cwd()
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(STARTS):
        for name, (bare, code) in programs.items():
            times[name].append(_cpu([*bare[:-1], code], folder) - _cpu(bare, folder))
    print(f"\n{'cold import, CPU over a bare process':<40} {'ms':>8} {'least':>8}")
    for name, taken in times.items():
        print(f"{name:<40} {statistics.median(taken):>8.0f} {min(taken):>8.0f}")
    print(f"target: {TARGET} ms on a quiet machine, where boto3 takes {BOTO3}")


def _cpu(command: Sequence[str], folder: Path) -> float:
    before = _children()
    subprocess.run(  # noqa: S603 - our own programs
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(RUNTIME), "NODE_NO_WARNINGS": "1"},
        check=True,
    )
    return (_children() - before) * 1_000


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
