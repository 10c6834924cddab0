"""Processes as the machine knows them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable


def _table() -> dict[int, tuple[int, str]]:
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split() for line in listing.splitlines())
    return {int(pid): (int(parent), state) for pid, parent, state in rows}


def descendants(pid: int) -> set[int]:
    """Give every process below this one."""
    table = _table()
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        children = {child for child, (of, _) in table.items() if of == parent}
        waiting += children - found
        found |= children
    return found


def living(pids: Iterable[int]) -> set[int]:
    """Give those that still run; a dead one may wait for its parent to notice."""
    table = _table()
    return {pid for pid in pids if pid in table and not table[pid][1].startswith("Z")}


def command(pid: int) -> list[str]:
    """Give the words with which it was started."""
    listing = subprocess.run(
        ["ps", "-o", "args=", "-ww", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return listing.stdout.split()


def wait_until_gone(pids: Iterable[int], patience: float = 20.0) -> None:
    """Return when none of them runs."""
    end = time.monotonic() + patience
    while remaining := living(pids):
        assert time.monotonic() < end, f"{remaining} still run"
        time.sleep(0.05)


def wait_until_running(pid: int, patience: float = 20.0) -> None:
    """Return when the process goes on, after it stood still."""
    end = time.monotonic() + patience
    while _table()[pid][1].startswith("T"):
        assert time.monotonic() < end, f"{pid} stands still"
        time.sleep(0.01)


def wait_until_stopped(pid: int, patience: float = 20.0) -> None:
    """Return when the process stands still, as SIGSTOP makes it."""
    end = time.monotonic() + patience
    while not _table()[pid][1].startswith("T"):
        assert time.monotonic() < end, f"{pid} goes on"
        time.sleep(0.01)
