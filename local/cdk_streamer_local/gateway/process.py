"""The gateway's process: WebSocket APIs and their management, on a port of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cdk_streamer_local.engine.port import HOST
from cdk_streamer_local.engine.process import Engine
from cdk_streamer_local.errors import BadArgument, GatewayDied
from cdk_streamer_local.gateway.settings import IDLE_SECONDS, LIFETIME_SECONDS, Settings
from cdk_streamer_local.pollers.chaos import CALM, Chaos

_SERVE = Path(__file__).with_name("serve.py")
_LOG = "gateway.log"
_START_SECONDS = 60
_LAST_LINES = 15
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """How WebSocket APIs are served: where, and how long a connection may idle and live."""

    port: int = 0
    idle_seconds: float = IDLE_SECONDS
    lifetime_seconds: float = LIFETIME_SECONDS

    @classmethod
    def of(cls, *, port: int = 0, idle: float | None, lifetime: float | None) -> Sockets:
        """Take AWS's limits for what is None; raises BadArgument."""
        for name, seconds in {"idle time": idle, "lifetime": lifetime}.items():
            if seconds is not None and not 0 < seconds < float("inf"):
                raise BadArgument(
                    f"the sockets' {name} must be a finite number above 0, got {seconds!r}",
                    remedy="leave it out for AWS's own limit",
                )
        return cls(
            port=port,
            idle_seconds=IDLE_SECONDS if idle is None else idle,
            lifetime_seconds=LIFETIME_SECONDS if lifetime is None else lifetime,
        )


AS_ON_AWS = Sockets()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A running gateway. `secret` opens its own list of connections."""

    port: int
    secret: str = field(repr=False)
    log: Path
    process: subprocess.Popen[str] = field(repr=False)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def authority(self) -> str:
        """Give host and port, for `wss://` and `https://` or, unencrypted, `ws://` and `http://`."""
        return f"{HOST}:{self.port}"

    @classmethod
    def start(
        cls, python: Path, scratch: Path, listener: socket.socket, settings: Settings
    ) -> Gateway:
        """Start on the listening socket, which then belongs to the gateway.

        `python` is an interpreter that can run it: the engine's. `scratch` is the engine's folder.
        """
        port: int = listener.getsockname()[1]
        log = scratch / _LOG
        with log.open("w") as told, listener:
            process = subprocess.Popen(  # noqa: S603 - our own program
                # -P: beside it are modules with names of the standard library's.
                [str(python), "-P", str(_SERVE)],
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                cwd=scratch,
                pass_fds=(listener.fileno(),),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                start_new_session=True,  # the terminal's Ctrl-C is ours
            )
        gateway = cls(port=port, secret=settings.secret, log=log, process=process)
        with contextlib.suppress(BrokenPipeError):  # told by whoever waits for it
            gateway._tell(settings.encode())
        return gateway

    def wait_until_ready(self) -> None:
        """Return when it listens; raises GatewayDied if it never does."""
        impatience = threading.Timer(_START_SECONDS, self.process.kill)
        impatience.start()
        try:
            line = self.process.stdout.readline() if self.process.stdout else ""
        finally:
            impatience.cancel()
        if line.strip() != "ready":
            raise self.death()

    def on_death(self, report: Callable[[GatewayDied], None]) -> None:
        """Call `report`, on another thread, when the gateway ends before `stop`."""

        def watch() -> None:
            self.process.wait()
            if not self._ended.is_set():
                report(self.death())

        threading.Thread(target=watch, name="gateway-watch", daemon=True).start()

    def death(self) -> GatewayDied:
        """Say how it ended, with its last words."""
        status = self.process.wait()
        said = ""
        with contextlib.suppress(OSError):
            said = "\n".join(self.log.read_text().splitlines()[-_LAST_LINES:])
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return GatewayDied(
            f"the WebSocket gateway ended {how}",
            remedy="start the command again; if it repeats, report it with the lines below",
            detail=said,
        )

    def stop(self) -> None:
        """End it at once, and every connection with it."""
        self._ended.set()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _tell(self, line: str) -> None:
        if self.process.stdin is not None:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()


def settings_of(
    engine: Engine, listener: socket.socket, sockets: Sockets, *, chaos: Chaos = CALM
) -> Settings:
    """Give what a gateway before this engine is told."""
    return Settings(
        listener=listener.fileno(),
        certificate=str(engine.certificate.certificate),
        key=str(engine.certificate.key),
        bridge=str(engine.bridge_socket),
        secret=secrets.token_urlsafe(32),
        logs=str(engine.log_socket),
        idle_seconds=sockets.idle_seconds,
        lifetime_seconds=sockets.lifetime_seconds,
        chaos=chaos.encode(),
    )
