"""Runs the WebSocket gateway, in the engine's environment: a program, never imported.

    python serve.py

The first line of stdin says how (see settings.py). The parent holds the other end: when it ends,
however it ends, so does this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import threading
import types
from pathlib import Path
from typing import Any

_PACKAGE = "cdk_streamer_local"


def main() -> None:
    """Serve until the parent ends."""
    line = sys.stdin.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is the command's
    _allow_many_connections()
    _name_the_package()
    logging.basicConfig(level=logging.WARNING)
    # Each connection would be told of; nobody reads it.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    uvloop: Any = importlib.import_module("uvloop")
    uvloop.run(_serve(_our("gateway.settings").Settings.decode(line)))


async def _serve(settings: Any) -> None:  # noqa: ANN401 - of a module that is found later
    listener = _listener(settings)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        listener.protocol, sock=socket.socket(fileno=settings.listener), backlog=2048
    )
    print("ready", flush=True)  # noqa: T201 - the parent waits for this line
    async with server:
        await server.serve_forever()


def _listener(settings: Any) -> Any:  # noqa: ANN401
    chaos, teller = _our("pollers.chaos"), _our("pollers.teller")
    telling = teller.Teller(settings.logs or None)

    def tell(text: str) -> None:
        telling.tell(teller.CHAOS, "sockets", text)

    losses = _our("gateway.losses").Losses(chaos.Chaos.decode(settings.chaos), tell)
    connections = _our("gateway.connections").Connections(
        idle_seconds=settings.idle_seconds, lifetime_seconds=settings.lifetime_seconds
    )
    ask = _our("gateway.bridge").Bridge(settings.bridge).ask
    apis = _our("gateway.apis").Apis(ask)
    functions = _our("gateway.functions").Functions(ask)
    management = _our("gateway.management").Management(
        connections, ask, losses=losses, secret=settings.secret
    )
    return _our("gateway.listener").Listener(
        context=_our("gateway.tls").server_context(settings.certificate, settings.key),
        connections=connections,
        admission=_our("gateway.admission").Admission(apis, functions, ask),
        messages=_our("gateway.messages").Messages(apis, functions, losses.disconnect),
        management=management.protocol,
    )


def _name_the_package() -> None:
    """Have our own modules found, without the package's __init__, which is for the command."""
    package = types.ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).parents[1])]
    sys.modules[package.__name__] = package


def _our(module: str) -> Any:  # noqa: ANN401 - of modules that only the package's folder has
    return importlib.import_module(f"{_PACKAGE}.{module}")


def _allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS names a limit that it does not allow
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
