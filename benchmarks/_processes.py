"""What processes of this machine take: CPU, memory and who they are, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# How a part of the local engine is told by its command line.
_PARTS = {
    "gateway": "gateway/serve.py",
    "engine": "engine/serve.py",
    "node": "jsii",
    "crowd": "benchmarks._crowd",
    "floor": "benchmarks._floor",
}


def descendants(root: int) -> list[int]:
    """Give a process and all below it."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid in _pids():
        children[_parent(pid)].append(pid)
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def part(pid: int) -> str:
    """Give what a process is in words, `worker` for one of a function."""
    try:
        line = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
    for name, sign in _PARTS.items():
        if sign in line:
            return name
    return "worker" if "/cdk-streamer-" in line else "app" if "app.py" in line else "other"


def only(root: int, name: str) -> int:
    """Give the one process below another that is this part."""
    (found,) = [pid for pid in descendants(root) if part(pid) == name]
    return found


def cpu(pids: Iterable[int]) -> float:
    """Give the seconds of CPU that processes took so far; those that ended count nothing."""
    return sum(_seconds(pid) for pid in pids)


def memory(pid: int) -> int:
    """Give the resident bytes of a process that are its own."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"process {pid} has no memory")


def _pids() -> Iterator[int]:
    return (int(place.name) for place in _PROC.iterdir() if place.name.isdecimal())


def _fields(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _seconds(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0
