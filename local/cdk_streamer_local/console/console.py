"""The console of one running command."""

from __future__ import annotations

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any, cast

from cdk_streamer_local.console.admission import Admission
from cdk_streamer_local.console.journal import Journal
from cdk_streamer_local.console.live import Reader
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.packages import Packages
from cdk_streamer_local.console.panels.all import panels
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.console.server import Server, Site
from cdk_streamer_local.console.telling import tell
from cdk_streamer_local.engine.port import HOST, listen
from cdk_streamer_local.errors import PortTaken
from cdk_streamer_local.events import Event

_FILE = "console.json"


class Console:
    """Serves from its start to `close`; hears of everything by `observe`."""

    def __init__(self, app: str, state: Path, port: int | None = None) -> None:
        """Listen on `port`; default: where the app's last console was, so that its tabs go on.

        Raises PortTaken for a port that was named.
        """
        listener, secret = _place(state, port)
        self.address = f"http://{HOST}:{listener.getsockname()[1]}"
        self._running: Running | None = None
        self._journal = Journal()
        self._metrics = Metrics()
        packages = Packages()
        self._panels = panels(self._journal, self._metrics)
        readers = [Reader(panel, lambda: self._running) for panel in self._panels]
        self._server = Server(
            listener,
            Site(
                admission=Admission(port=listener.getsockname()[1], secret=secret),
                readers={reader.panel.name: reader for reader in readers},
                journal=self._journal,
                running=lambda: self._running,
                packages=packages.folder,
                app=app,
            ),
        )

    def show(self, running: Running) -> None:
        """Show this deployment from now on."""
        self._running = running

    def observe(self, event: Event) -> None:
        """Take note of what happens."""
        tell(event, self._journal, self._metrics)

    def close(self) -> None:
        """Stop serving."""
        self._server.close()
        for panel in self._panels:
            panel.close()


def _place(state: Path, port: int | None) -> tuple[socket.socket, str]:
    """Give where to listen and the secret: those of before, if they are free."""
    former_port, former_secret = _former(state)
    if port is None:
        try:
            listener = listen(former_port)
        except PortTaken:
            listener = listen()
    else:
        listener = listen(port, option="--console-port")
    secret = former_secret or secrets.token_urlsafe(24)
    state.mkdir(parents=True, exist_ok=True)
    partial = state / f"{_FILE}.{os.getpid()}"
    partial.touch(mode=0o600)
    partial.write_text(json.dumps({"port": listener.getsockname()[1], "secret": secret}))
    partial.replace(state / _FILE)
    return listener, secret


def _former(state: Path) -> tuple[int, str]:
    try:
        members = cast("dict[str, Any]", json.loads((state / _FILE).read_text()))
        return int(members["port"]), str(members["secret"])
    except (OSError, ValueError, KeyError, TypeError):  # none, or of another release
        return 0, ""
