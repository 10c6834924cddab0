"""Durable executions of a deployed app: started when a template has a durable function."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.engine.certificate import Certificate
from cdk_streamer_local.engine.durable_front import CONFIGURATION_PATH
from cdk_streamer_local.engine.durable_places import Place, Settings
from cdk_streamer_local.engine.installation import durable_python
from cdk_streamer_local.engine.loopback import call
from cdk_streamer_local.engine.port import HOST, listen
from cdk_streamer_local.errors import EngineUnavailable
from cdk_streamer_local.functions.function import Function

_RUNNER = Path(__file__).with_name("durable_runner.py")
_START_SECONDS = 30


class DurableExecutions:
    """The runners that keep executions, and what tells the engine which functions have any.

    A runner signs for one region, so there is one for each that has a durable function.
    """

    def __init__(
        self, endpoint: str, certificate: Certificate, on_install: Callable[[], None]
    ) -> None:
        """Take the engine's address; nothing is started before `serve`."""
        self._endpoint = endpoint
        self._certificate = certificate
        self._on_install = on_install
        self._runners: dict[str, Runner] = {}

    def serve(self, functions: Sequence[Function]) -> None:
        """Keep executions of these functions from now on.

        Raises EngineUnavailable when a runner cannot be installed or does not answer.
        """
        places: dict[str, dict[str, Place]] = {}
        for function in functions:
            services = function.services
            if services.region not in self._runners:
                self._runners[services.region] = self._start(services)
            place = Place(account=services.account, seconds=function.execution_seconds or 0)
            places.setdefault(services.region, {})[function.name] = place
        if self._runners:
            addresses = {region: runner.address for region, runner in self._runners.items()}
            settings = Settings(runners=addresses, functions=places)
            url = f"{self._endpoint}{CONFIGURATION_PATH}"
            call(self._certificate, url, json.dumps(settings.document()).encode())

    def stop(self) -> None:
        """End the runners, and with them all executions."""
        for runner in self._runners.values():
            runner.stop()

    def _start(self, place: Services) -> Runner:
        python = durable_python(self._on_install)
        runner = Runner.start(python, self._endpoint, self._certificate, place)
        runner.wait_until_ready(self._certificate)
        return runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """AWS's local runner, as a process."""

    address: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, python: Path, endpoint: str, certificate: Certificate, place: Services) -> Self:
        """Start it; it answers after `wait_until_ready`."""
        with listen() as listener:
            port: int = listener.getsockname()[1]
        process = subprocess.Popen(  # noqa: S603 - our own program
            [str(python), str(_RUNNER), str(port), endpoint, place.region],
            env=_environment(place.account, certificate),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        return cls(address=f"http://{HOST}:{port}", process=process)

    def wait_until_ready(self, certificate: Certificate) -> None:
        """Return when it answers; raises EngineUnavailable if it never does."""
        pause = threading.Event()
        for _ in range(_START_SECONDS * 20):
            if self.process.poll() is not None:
                break
            try:
                return call(certificate, f"{self.address}/health")
            except OSError:
                pause.wait(0.05)
        self.stop()
        raise EngineUnavailable(
            "the runner of durable executions does not answer",
            remedy="start again; if it repeats, report it",
        )

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


def _environment(account: str, certificate: Certificate) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", ""),
        "AWS_ACCESS_KEY_ID": account,  # which the engine takes for its root user
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CA_BUNDLE": str(certificate.bundle),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
