"""The engine that tests/local runs against."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from uv import find_uv_bin

from cdk_streamer_runtime.aws import Aws, LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.memory import MemoryAws
from tests.local.conformance import CREATE_TABLE, TABLE

READY_SECONDS = 120  # the first start downloads the engine
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    endpoint: str
    ca_bundle: str | None


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {name: value for name, value in os.environ.items() if name not in BUNDLES}
    log = tmp_path_factory.mktemp("engine") / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [find_uv_bin(), "tool", "run", "--from", "ministack==1.5.33", "ministack"],
            env={**variables, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(endpoint, process)
        yield Engine(endpoint=endpoint, ca_bundle=None)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait_until_ready(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the engine did not start; its exit status is {process.poll()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same table in memory and in the engine."""

    memory: MemoryAws
    engine: Aws


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[LeanClient]:
    environment = AwsEnvironment.from_variables(
        {
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": engine.endpoint,
            **({"AWS_CA_BUNDLE": engine.ca_bundle} if engine.ca_bundle else {}),
        }
    )
    client = LeanClient(environment=lambda: environment)
    yield client
    client.close()


@pytest.fixture(scope="session")
def pair(client: LeanClient) -> Pair:
    client.call("dynamodb", "CreateTable", CREATE_TABLE)
    return Pair(memory=MemoryAws(tables=[TABLE]), engine=client)
