from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.claims import ALGORITHMS, Rules
from cdk_streamer_runtime.auth.jwks import Jwks
from tests.runtime.auth import issuer


@dataclass
class Clock:
    """Stands still until it is told to move."""

    milliseconds: int = issuer.NOW * 1000

    def __call__(self) -> int:
        return self.milliseconds

    def advance(self, seconds: float) -> None:
        self.milliseconds += int(seconds * 1000)


@dataclass
class Origin:
    """The issuer's side of a JWKS: answers as told and counts."""

    answer: Callable[[], bytes] = field(default=issuer.published)
    requests: int = 0

    def __call__(self) -> bytes:
        self.requests += 1
        return self.answer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def origin() -> Origin:
    return Origin()


@pytest.fixture
def rules() -> Rules:
    return Rules(
        issuer=issuer.ISSUER,
        audience=frozenset({issuer.AUDIENCE, "billing"}),
        algorithms=ALGORITHMS,
        tenant_claim="tenant",
        leeway_seconds=30,
    )


@pytest.fixture
def authorizer(rules: Rules, origin: Origin, clock: Clock) -> Authorizer:
    return Authorizer(rules=rules, keys=Jwks(origin, clock), clock=clock)
