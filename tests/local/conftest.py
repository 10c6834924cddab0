"""The engine that tests/local runs against."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.engine import process as engine_process
from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.engine.installation import installed
from cdk_streamer_local.engine.port import listen
from cdk_streamer_runtime.aws import Aws, LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.memory import MemoryAws
from tests.local.apps import copied
from tests.local.conformance import CREATE_TABLE, TABLE

PAGE = Path(__file__).parents[2] / "docs" / "auth.md"
KEYS = {"a key": ("acme", "importer"), "a nameless key": ("acme", "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    endpoint: str
    ca_bundle: str | None


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine without an app."""
    certificate = server_certificate()
    process = engine_process.Engine.start(installed(), certificate, listen())
    try:
        process.wait_until_ready()
        yield Engine(endpoint=process.endpoint, ca_bundle=str(certificate.bundle))
    finally:
        process.stop()


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The app that has a little of everything, running for all tests that do not change it."""
    folder = copied("echo", tmp_path_factory.mktemp("apps"))
    with LocalStack(folder / "app.py") as stack:
        yield stack


@pytest.fixture(scope="session")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The app with an API for each kind of caller that has no token."""
    folder = copied("callers", tmp_path_factory.mktemp("apps"))
    (folder / "authorizer").mkdir()
    (folder / "authorizer" / "index.py").write_text(documented_authorizer())
    with LocalStack(folder / "app.py") as stack:
        yield stack


def documented_authorizer() -> str:
    """Give the code that the page shows, with callers of these tests."""
    pattern = re.compile(r"^```python\n(# authorizer/.*?)^```$", re.MULTILINE | re.DOTALL)
    (block,) = pattern.findall(PAGE.read_text())
    known = {hashlib.sha256(key.encode()).hexdigest(): who for key, who in KEYS.items()}
    return re.sub(
        r"^PARTNERS = .*?^}", f"PARTNERS = {known!r}", block, flags=re.DOTALL | re.MULTILINE
    )


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
