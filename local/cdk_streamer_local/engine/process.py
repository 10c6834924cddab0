"""The engine's process: started with nothing of the user's environment that could matter."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cdk_streamer_local.cache import cache_folder
from cdk_streamer_local.engine.certificate import Certificate
from cdk_streamer_local.engine.installation import Installation
from cdk_streamer_local.engine.port import HOST
from cdk_streamer_local.errors import EngineDied
from cdk_streamer_local.pollers.chaos import CALM, Chaos

BOOTSTRAP_FOLDER = Path(__file__).parents[1] / "functions" / "bootstrap"
_SERVE = Path(__file__).with_name("serve.py")
_START_SECONDS = 60
_LAST_LINES = 15

# Lambda gives a function none of its host's variables; what a network needs is the exception.
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running engine and everything below it: workers, files, its socket for function logs."""

    port: int
    certificate: Certificate
    scratch: Path
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def endpoint(self) -> str:
        """Give the address of every service."""
        return f"https://{HOST}:{self.port}"

    @classmethod
    def start(
        cls,
        installation: Installation,
        certificate: Certificate,
        listener: socket.socket,
        *,
        iam: bool = True,
        chaos: Chaos = CALM,
    ) -> Engine:
        """Start on the listening socket, which then belongs to the engine."""
        # A short path: a socket's may have 104 bytes on macOS.
        scratch = Path(tempfile.mkdtemp(prefix="cdk-streamer-"))
        port: int = listener.getsockname()[1]
        with (scratch / "engine.log").open("w") as log, listener:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    str(installation.python), str(_SERVE), str(listener.fileno()),
                    str(certificate.certificate), str(certificate.key), str(scratch),
                    str(cache_folder() / "unpacked"),
                ],
                env=_environment(
                    installation, certificate, scratch, port=port, iam=iam, chaos=chaos
                ),
                cwd=scratch,
                pass_fds=(listener.fileno(),),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True,
                # The terminal's Ctrl-C is ours; the engine ends when we say so, with its workers.
                start_new_session=True,
            )  # fmt: skip
        return cls(port=port, certificate=certificate, scratch=scratch, process=process)

    @property
    def log_socket(self) -> Path:
        """Give the socket to which functions send what they say."""
        return _log_socket(self.scratch)

    @property
    def bridge_socket(self) -> Path:
        """Give the socket on which the gateway of WebSocket APIs asks the engine."""
        return self.scratch / "sockets"

    def wait_until_ready(self) -> None:
        """Return when it answers; raises EngineDied if it never does."""
        impatience = threading.Timer(_START_SECONDS, self.process.kill)
        impatience.start()
        try:
            line = self.process.stdout.readline() if self.process.stdout else ""
        finally:
            impatience.cancel()
        if line.strip() != "ready":
            raise self.death()

    def on_death(self, report: Callable[[EngineDied], None]) -> None:
        """Call `report`, on another thread, when the engine ends before `stop`."""

        def watch() -> None:
            self.process.wait()
            if self.scratch.exists():
                report(self.death())

        threading.Thread(target=watch, name="engine-watch", daemon=True).start()

    def death(self) -> EngineDied:
        """Say how it ended, with its last words."""
        status = self.process.wait()
        said = ""
        with contextlib.suppress(OSError):
            lines = (self.scratch / "engine.log").read_text().splitlines()
            said = "\n".join(lines[-_LAST_LINES:])
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return EngineDied(
            f"the engine ended {how}",
            remedy="start the command again; if it repeats, report it with the lines below",
            detail=said,
        )

    def stop(self) -> None:
        """End the engine and its workers at once: all its state is in memory."""
        # First: its absence tells the watching thread that this end was wanted.
        doomed = self.scratch.with_name(f"{self.scratch.name}-ended")
        with contextlib.suppress(OSError):
            self.scratch.rename(doomed)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        shutil.rmtree(doomed, ignore_errors=True)


def _log_socket(scratch: Path) -> Path:
    return scratch / "logs"


def _environment(
    installation: Installation,
    certificate: Certificate,
    scratch: Path,
    *,
    port: int,
    iam: bool,
    chaos: Chaos,
) -> dict[str, str]:
    """Give the variables of the engine; its workers inherit them below their function's own."""
    temporary = scratch / "tmp"
    temporary.mkdir()
    bundle = str(certificate.bundle)
    own = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "AUTH": json.dumps(iam),
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate.certificate),
        "MINISTACK_SSL_KEY": str(certificate.key),
        "IOT_MTLS_ENABLED": "0",  # each would listen on a port of its own
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(BOOTSTRAP_FOLDER),
        "CDK_STREAMER_LOCAL_CHAOS": chaos.encode(),
    }
    return {
        **_of_the_host(),
        **own,
        "TMPDIR": str(temporary),
        "AWS_ENDPOINT_URL": f"https://{HOST}:{port}",
        "AWS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "NODE_EXTRA_CA_CERTS": str(certificate.authority),
        "AWS_EC2_METADATA_DISABLED": "true",
        "TZ": "UTC",
        "CDK_STREAMER_LOCAL_LOGS": str(_log_socket(scratch)),
        "CDK_STREAMER_LOCAL_PACKAGES": str(installation.lambda_packages),
        "CDK_STREAMER_LOCAL_HIDDEN": " ".join(own),
    }


def _of_the_host() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    if proxies:
        direct = ",".join([HOST, "localhost", os.environ.get("NO_PROXY", "")]).strip(",")
        proxies |= {"NO_PROXY": direct, "no_proxy": direct}
    return kept | proxies
