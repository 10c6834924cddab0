"""A scripted service and clients that call it, in time that passes by sleeping alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cdk_streamer_runtime.aws import LeanClient, Patience
from cdk_streamer_runtime.contract import AwsEnvironment
from tests.runtime.aws.service import Service

NOW = 1_763_717_400_000  # 2025-11-21T09:30:00Z


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@dataclass
class Time:
    """Time that passes by sleeping alone."""

    pauses: list[float] = field(default_factory=list)
    luck: list[float] = field(default_factory=list)  # of the pauses; afterwards the longest
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def environment(service: Service) -> AwsEnvironment:
    return AwsEnvironment.from_variables(
        {
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIA",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token-of-the-session",
            "AWS_ENDPOINT_URL": service.url,
        }
    )


@pytest.fixture
def make_client(time: Time) -> Iterator[Callable[..., LeanClient]]:
    made: list[LeanClient] = []

    def make(environment: Callable[[], AwsEnvironment], **patience: Any) -> LeanClient:
        client = LeanClient(
            environment=environment,
            patience=replace(Patience(read=5), **patience),
            clock=lambda: NOW + int(time.now * 1000),
            monotonic=time.monotonic,
            sleep=time.sleep,
            random=lambda: time.luck.pop(0) if time.luck else 1.0,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client_with(environment, make_client) -> Callable[..., LeanClient]:
    """A client in the usual environment with another patience."""
    return lambda **patience: make_client(lambda: environment, **patience)


@pytest.fixture
def client(client_with) -> LeanClient:
    return client_with()
