"""A gateway for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.gateway.engine import StandIn, api, ok
from tests.local.gateway.running import Running, started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway for a module, with an API `chat`: `talk` is behind all of its routes."""
    scratch = tmp_path_factory.mktemp("gateway")
    engine = StandIn(scratch / "sockets")
    engine.apis["chat"] = api(dict.fromkeys(("$connect", "$disconnect", "$default"), "talk"))
    engine.functions["talk"] = ok
    with engine.served():
        yield from started(engine, scratch)
