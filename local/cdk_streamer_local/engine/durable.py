"""Durable executions of a deployed app: started when a template has a durable function."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.engine.certificate import Certificate
from cdk_streamer_local.engine.durable_front import CONFIGURATION_PATH
from cdk_streamer_local.engine.installation import durable_python
from cdk_streamer_local.engine.loopback import call
from cdk_streamer_local.engine.port import HOST, listen
from cdk_streamer_local.errors import EngineUnavailable
from cdk_streamer_local.functions.function import Function

_RUNNER = Path(__file__).with_name("durable_runner.py")
_START_SECONDS = 30


class DurableExecutions:
    """The runner that keeps executions, and what tells the engine's front which functions have any.

    It knows one account and region: those of the first durable function.
    """

    def __init__(
        self, endpoint: str, certificate: Certificate, on_install: Callable[[], None]
    ) -> None:
        """Take the engine's address; nothing is started before `serve`."""
        self._endpoint = endpoint
        self._certificate = certificate
        self._on_install = on_install
        self._process: subprocess.Popen[bytes] | None = None
        self._runner = ""

    def serve(self, functions: Sequence[Function]) -> None:
        """Keep executions of these functions from now on.

        Raises EngineUnavailable when the runner cannot be installed or does not answer.
        """
        if functions and self._process is None:
            self._start(functions[0].services)
        if self._process is not None:
            seconds = {function.name: function.execution_seconds for function in functions}
            document = {"runner": self._runner, "functions": seconds}
            url = f"{self._endpoint}{CONFIGURATION_PATH}"
            call(self._certificate, url, json.dumps(document).encode())

    def stop(self) -> None:
        """End the runner, and with it all executions."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _start(self, place: Services) -> None:
        python = durable_python(self._on_install)
        with listen() as listener:
            port: int = listener.getsockname()[1]
        self._runner = f"http://{HOST}:{port}"
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [str(python), str(_RUNNER), str(port), self._endpoint, place.region],
            env=self._environment(place.account),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self._wait_until_ready(self._process)

    def _environment(self, account: str) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", ""),
            "AWS_ACCESS_KEY_ID": account,  # which the engine takes for its root user
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_CA_BUNDLE": str(self._certificate.bundle),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        pause = threading.Event()
        for _ in range(_START_SECONDS * 20):
            if process.poll() is not None:
                break
            try:
                return call(self._certificate, f"{self._runner}/health")
            except OSError:
                pause.wait(0.05)
        raise EngineUnavailable(
            "the runner of durable executions does not answer",
            remedy="start again; if it repeats, report it",
        )
