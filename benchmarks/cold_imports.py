"""How long each Lambda entry point takes to import, in a process of its own.

python -m benchmarks.cold_imports
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from cdk_streamer_runtime import contract

RUNS = 7
ROOT = Path(__file__).parents[1]
PROGRAM = """
import time, importlib, sys
before = time.process_time()
importlib.import_module(sys.argv[1])
print((time.process_time() - before) * 1000)
"""
QUEUE = "https://sqs.us-east-1.amazonaws.com/0/queue"
STORED: dict[str, Any] = {
    "name": "api",
    "table_name": "table",
    "endpoint": "https://api.example.com/live",
}
SETTINGS: dict[str, contract.Environment | None] = {
    "boto3, for comparison": None,
    "authorizer": contract.AuthorizerEnvironment(
        name="api",
        issuer="https://id.example.com/",
        audience="reports",
        algorithms="RS256",
        jwks_url="https://id.example.com/jwks.json",
    ),
    "connection": contract.ConnectionEnvironment(name="api", table_name="table"),
    "message": contract.MessageEnvironment(**STORED, requests=True),
    "dispatcher": contract.DispatcherEnvironment(
        name="api", work_queue_url=QUEUE, watch_queue_url=QUEUE
    ),
    "redispatcher": contract.DispatcherEnvironment(
        name="api", work_queue_url=QUEUE, watch_queue_url=QUEUE
    ),
    "watcher": contract.WatcherEnvironment(**STORED, work_queue_url=QUEUE, watch_queue_url=QUEUE),
    "worker": contract.WorkerEnvironment(
        **STORED, entry_point="benchmarks.requests:APP", work_queue_url=QUEUE
    ),
}


def cpu_of(module: str, settings: contract.Environment | None) -> float:
    """Give the median milliseconds of CPU of an import."""
    variables = settings.to_variables() if settings else {}
    search = os.pathsep.join([str(ROOT / "runtime"), str(ROOT)])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": search, **variables}
    times = [
        float(
            subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-c", PROGRAM, module],
                env={**environment, "AWS_REGION": "us-east-1"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(RUNS)
    ]
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    print(f"{'import':<28} {'CPU ms':>8} {'of boto3':>10}")
    reference = None
    for name, settings in SETTINGS.items():
        module = f"cdk_streamer_runtime.handlers.{name}" if settings else "boto3"
        milliseconds = cpu_of(module, settings)
        reference = reference or milliseconds
        print(f"{name:<28} {milliseconds:>8.0f} {milliseconds / reference:>10.2f}")


if __name__ == "__main__":
    main()
