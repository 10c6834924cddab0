"""The command in a process of its own, and what it has written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "cdk_streamer_local"]


class Run:
    """The command with --json, and the events that it has written."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.seen: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [*COMMAND, "local", "--json", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, event: str) -> dict[str, Any]:
        """Give the next event of this name; the command's end is an error."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(json.loads(line))
            if self.seen[-1]["event"] == event:
                return self.seen[-1]
        raise AssertionError(f"no {event} came, only {self.seen}")

    def end(self, how: signal.Signals) -> int:
        """Send a signal and give the exit status."""
        self.process.send_signal(how)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def close(self) -> None:
        """End it, however far it came."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def ask(self, *arguments: str) -> str:
        """Run another command for the same app and give what it prints."""
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    @property
    def record(self) -> dict[str, Any]:
        """Give what the command keeps for others."""
        return json.loads((self.folder / ".cdk-streamer" / "local.json").read_text())
