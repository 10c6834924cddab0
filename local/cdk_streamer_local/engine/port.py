"""A port on loopback, and who has it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from cdk_streamer_local.errors import PortTaken

HOST = "127.0.0.1"
_HIGHEST = 65_535
_LISTENING = "0A"  # TCP_LISTEN in the kernel's tables


def listen(port: int = 0, *, option: str = "--port") -> socket.socket:
    """Listen on the port that `option` chose, or on a free one.

    Raises PortTaken and names who has it.
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(2048)
    except (OSError, OverflowError) as fault:
        listener.close()
        raise PortTaken(
            f"port {port} cannot be used ({_reason(port, fault)})",
            remedy=f"choose another with {option}, or leave it out for a free one",
        ) from None
    return listener


def _reason(port: int, fault: Exception) -> str:
    if not 0 <= port <= _HIGHEST:
        return f"ports end at {_HIGHEST}" if port > 0 else "ports begin at 1"
    holder = _holder(port)
    return f"{holder} listens there" if holder else str(fault)


def _holder(port: int) -> str | None:
    """Name the process that listens on the port, if this user may know."""
    if Path("/proc/net/tcp").exists():
        return _holder_by_kernel(port)
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    found = subprocess.run(  # noqa: S603 - lsof, with a number
        [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    fields = {line[:1]: line[1:] for line in found.stdout.splitlines() if line}
    return f"{fields['c']} (process {fields['p']})" if {"c", "p"} <= fields.keys() else None


def _holder_by_kernel(port: int) -> str | None:
    links = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not links:
        return None
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(descriptor.readlink()) in links:
                process = descriptor.parents[1]
                name = (process / "comm").read_text().strip()
                return f"{name} (process {process.name})"
        except OSError:  # it ended, or it is another user's
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    rows = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
    ]
    return {
        row[9]
        for row in rows
        if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
    }
