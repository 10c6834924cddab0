"""A gateway of its own process, in front of functions of this one."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.engine.installation import installed
from cdk_streamer_local.engine.port import HOST, listen
from cdk_streamer_local.gateway import serve
from cdk_streamer_local.gateway.settings import Settings
from tests.local.gateway.engine import StandIn

SECRET = "a secret of the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A gateway under test."""

    port: int
    engine: StandIn
    tls: ssl.SSLContext
    process: subprocess.Popen[str]

    def url(self, name: str = "chat", stage: str = "live", *, scheme: str = "ws") -> str:
        return f"{scheme}://{HOST}:{self.port}/_aws/execute-api/{name}/{stage}"

    def connect(self, name: str = "chat", query: str = "", **settings: Any) -> ClientConnection:
        return connect(f"{self.url(name)}{query}", compression=None, proxy=None, **settings)


def started(engine: StandIn, scratch: Path, **settings: Any) -> Iterator[Running]:
    """Run a gateway for as long as somebody wants it."""
    certificate, listener = server_certificate(), listen()
    port: int = listener.getsockname()[1]
    told = Settings(
        listener=listener.fileno(),
        certificate=str(certificate.certificate),
        key=str(certificate.key),
        bridge=str(engine.path),
        secret=SECRET,
        logs="",
        **settings,
    )
    with (
        listener,
        (scratch / "gateway.log").open("w") as log,
        subprocess.Popen(
            [str(installed().python), "-P", str(Path(serve.__file__))],
            pass_fds=(listener.fileno(),),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{told.encode()}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n", (scratch / "gateway.log").read_text()
        yield Running(
            port=port,
            engine=engine,
            tls=ssl.create_default_context(cafile=str(certificate.bundle)),
            process=process,
        )
        process.stdin.close()
        process.wait(10)
    assert (scratch / "gateway.log").read_text() == ""
