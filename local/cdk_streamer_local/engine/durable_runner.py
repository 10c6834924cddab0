"""Runs AWS's local runner of durable executions, in an environment of its own: never imported.

    python durable_runner.py PORT ENGINE REGION

The parent holds the other end of stdin: when it ends, however it ends, so does this process.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from typing import Any


def main() -> int:
    """Serve until the parent ends."""
    port, engine, region = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runner: Any = importlib.import_module("aws_durable_execution_sdk_python_testing.cli")
    arguments = ["start-server", "--host", "127.0.0.1", "--port", port, "--log-level", "WARNING",
                 "--lambda-endpoint", engine, "--local-runner-region", region]  # fmt: skip
    return int(runner.CliApp().run(arguments))


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
