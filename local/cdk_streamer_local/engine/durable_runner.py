"""Runs AWS's local runner of durable executions, in an environment of its own: never imported.

    python durable_runner.py PORT ENGINE REGION

The parent holds the other end of stdin: when it ends, however it ends, so does this process.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from typing import Any


class AllPlain(dict[str, Any]):
    """What the runner is told of functions that an execution invokes: each is an ordinary one.

    A durable one is started by the engine's front as by any other caller, and answers in the end.
    """

    def __init__(self, plain: object) -> None:
        """Take what the runner calls an ordinary function."""
        super().__init__()
        self._plain = plain

    def get(self, _name: str, _default: object = None) -> Any:  # noqa: ANN401 - the runner's
        """Know every function, also those that a later edit brings."""
        return self._plain


def main() -> None:
    """Serve until the parent ends."""
    port, engine, region = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    package = "aws_durable_execution_sdk_python_testing"
    runner: Any = importlib.import_module(f"{package}.runner")
    server: Any = importlib.import_module(f"{package}.web.server")
    children: Any = importlib.import_module(f"{package}.child_dispatcher")
    configuration = runner.WebRunnerConfig(
        web_service=server.WebServiceConfig(
            host="127.0.0.1", port=int(port), log_level=logging.WARNING
        ),
        lambda_endpoint=engine,
        local_runner_region=region,
        function_configs=children.FunctionConfigs(
            AllPlain(children.FunctionConfig(is_durable=False))
        ),
    )
    with runner.WebRunner(configuration) as running:
        running.serve_forever()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
