"""The gateway's process: how it starts, how it ends, and that somebody hears of it."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.engine.installation import installed
from cdk_streamer_local.engine.port import listen
from cdk_streamer_local.errors import BadArgument, EngineDied, GatewayDied
from cdk_streamer_local.gateway.process import AS_ON_AWS, Gateway, Sockets
from cdk_streamer_local.gateway.settings import Settings
from tests.local import processes

SECRET = "nobody may read this"


def settings(**changes) -> Settings:
    certificate = server_certificate()
    given = Settings(
        listener=-1,
        certificate=str(certificate.certificate),
        key=str(certificate.key),
        bridge="nowhere",
        secret=SECRET,
        logs="",
    )
    return replace(given, **changes)


def start(scratch: Path, **changes) -> Gateway:
    listener = listen()
    told = settings(listener=listener.fileno(), **changes)
    return Gateway.start(installed().python, scratch, listener, told)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = start(tmp_path)
    gateway.wait_until_ready()
    yield gateway
    gateway.stop()


def test_its_end_is_told_with_its_last_words(gateway: Gateway):
    deaths = queue.Queue[GatewayDied]()
    gateway.on_death(deaths.put)
    gateway.log.write_text("last words\n")
    os.kill(gateway.process.pid, signal.SIGKILL)
    death = deaths.get(timeout=10)

    assert death.cause == "the WebSocket gateway ended by signal 9"
    assert death.detail == "last words"
    assert isinstance(death, EngineDied)


def test_an_end_that_was_wanted_is_not_told(gateway: Gateway):
    deaths = queue.Queue[GatewayDied]()
    gateway.on_death(deaths.put)
    gateway.stop()
    gateway.stop()

    assert processes.living([gateway.process.pid]) == set()
    with pytest.raises(queue.Empty):
        deaths.get(timeout=0.2)


def test_a_gateway_that_cannot_start_says_why(tmp_path: Path):
    gateway = start(tmp_path, certificate=str(tmp_path / "missing.pem"))
    with pytest.raises(GatewayDied, match="the WebSocket gateway ended with status 1") as death:
        gateway.wait_until_ready()
    gateway.stop()

    assert "FileNotFoundError" in death.value.detail


def test_its_secret_is_not_for_all_users_of_the_machine(gateway: Gateway):
    assert SECRET not in " ".join(processes.command(gateway.process.pid))
    assert SECRET not in repr(gateway)


def test_settings_are_read_as_they_were_written():
    given = settings(listener=7, idle_seconds=1.5, chaos="lose:7")

    assert Settings.decode(given.encode()) == given


def test_connections_live_as_long_as_on_aws_unless_somebody_says_otherwise():
    assert (AS_ON_AWS.idle_seconds, AS_ON_AWS.lifetime_seconds) == (600, 7200)
    assert Sockets.of(idle=None, lifetime=None) == AS_ON_AWS
    assert Sockets.of(idle=1, lifetime=None) == replace(AS_ON_AWS, idle_seconds=1)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_connections_that_would_not_live_are_refused(seconds: float):
    with pytest.raises(BadArgument, match="the sockets' idle time must be a finite number"):
        Sockets.of(idle=seconds, lifetime=None)
